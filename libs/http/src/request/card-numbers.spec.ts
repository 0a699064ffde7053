import 'reflect-metadata';
import { validate } from 'class-validator';
import { NoCardNumber, findCardNumber } from './card-numbers.js';

it.each<[string, unknown, string | undefined]>([
  ['a text', { orderId: '4242424242424242' }, 'orderId'],
  ['a number', { n: 4242424242424242 }, 'n'],
  ['an item', { lines: ['a', { note: 'x 4242 4242 4242 4242' }] }, 'lines[1].note'],
  ['the name of a member', { meta: { '4242424242424242': 1 } }, 'meta'],
  ['bytes', Buffer.from('4242424242424242'), undefined],
  ['nothing', { orderId: 'o-1', amount: { minor: '4242' } }, undefined],
])('findCardNumber: %s', (_name, value, path) => expect(findCardNumber(value)).toBe(path));

it('@NoCardNumber refuses the field', async () => {
  class Refund {
    @NoCardNumber() readonly reason: string;
    constructor(reason: string) {
      this.reason = reason;
    }
  }
  expect(await validate(new Refund('damaged'))).toEqual([]);
  const [error] = await validate(new Refund('for 4242424242424242'));
  expect(error?.constraints).toEqual({ noCardNumber: 'reason must not contain a card number' });
});
