import { containsCardNumber, maskCardNumbers } from './card-number.js';

describe('containsCardNumber', () => {
  it.each([
    '4242424242424242',
    '4242 4242 4242 4242',
    '5555-5555-5555-4444',
    'my card: 378282246310005, thanks',
    'x4000056655665556x',
    '6011111111111117',
    '3566002020360505',
    '2223003122003222',
    '6200000000000005',
    '36227206271667',
    'item 7 4242 4242 4242 4242 9', // Other numbers before and after it.
    '4242\u00a04242\u00a04242\u00a04242',
  ])('sees %p', (text) => expect(containsCardNumber(text)).toBe(true));

  it.each([
    '4242424242424241', // Fails Luhn.
    '1732490000000000', // No scheme begins with 17.
    '424242424242', // Too short.
    '42424242424242424242424242', // Too long.
    '2026-11-24T10:00:00.000Z',
    'pay3kq7f2s4m5n6o7p2q3r4s5t6u',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'a4242424242424242b4242424242424242', // Inside a digest.
  ])('leaves %p alone', (text) => expect(containsCardNumber(text)).toBe(false));
});

it('keeps the last four digits', () => {
  expect(maskCardNumbers('paid with 4242 4242 4242 4242.')).toBe('paid with ****4242.');
  expect(maskCardNumbers('7 4242424242424242 8 5555555555554444')).toBe('7 ****4242 8 ****4444');
});
