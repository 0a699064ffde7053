import fc from 'fast-check';
import { looksLikeCardNumber } from './card-number.js';

describe('looksLikeCardNumber', () => {
  // Test numbers that gateways publish.
  it.each([
    '4242424242424242',
    '4242 4242 4242 4242',
    '4242-4242-4242-4242',
    '4242.4242.4242.4242',
    '4242 - 4242',
    '４２４２４２４２４２４２４２４２',
    'my card is 5555555555554444, thanks',
    'order 7 card 3782 822463 10005',
    'pan:2223003122003222',
    '6011111111111117',
    '3056930009020004',
    '36227206271667',
    '3566002020360505',
    '6200000000000005',
  ])('%s', (text) => {
    expect(looksLikeCardNumber(text)).toBe(text !== '4242 - 4242');
  });

  it.each([
    ['a wrong check digit', '4242424242424241'],
    ['no known prefix', '9999999999999995'],
    ['a 13-digit order id', '5123456789012'],
    ['an order id of 3-7-7 digits', '402-7418529-9630741'],
    ['a number inside a longer one', '1424242424242424242'],
    ['milliseconds', '1767225600000'],
    ['an id of ours', 'payabcdefghijklmnopqrstuvwxyz'],
    ['nothing', ''],
  ])('lets %s pass', (_, text) => {
    expect(looksLikeCardNumber(text)).toBe(false);
  });

  it('answers any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(typeof looksLikeCardNumber(text)).toBe('boolean');
      }),
    );
  });
});
