import { fold } from '@paylog/payment-domain';
import { message, paymentOfOrder, terms } from '../testing/facts.js';
import { holdFor, releaseFor } from './hold.js';

const payment = paymentOfOrder('order-1');
const parked = message(payment, terms('order-1'), 0n, { value: null });

describe('the hold of a parked message', () => {
  it('blocks the payment until it is released, whichever is told first', () => {
    const hold = holdFor(parked, 'prk1')!.fact;
    const release = releaseFor(parked, 'prk1')!.fact;
    expect(fold([hold]).held).toBe(true);
    expect(fold([hold, release]).held).toBe(false);
    expect(fold([release, hold]).held).toBe(false);
  });

  it('is one a parked row', () => {
    const other = holdFor(parked, 'prk2')!.fact;
    expect(
      fold([holdFor(parked, 'prk1')!.fact, releaseFor(parked, 'prk1')!.fact, other]).held,
    ).toBe(true);
  });

  it('is the same fact when the message is parked again', () => {
    expect(holdFor(parked, 'prk1')).toEqual(holdFor({ ...parked }, 'prk1'));
  });

  it.each([null, '', 'shop', 'pay-short'])('needs a key that names a payment, not %p', (key) => {
    expect(holdFor({ ...parked, key }, 'prk1')).toBeUndefined();
    expect(releaseFor({ ...parked, key }, 'prk1')).toBeUndefined();
  });

  it.each(['', '-1', 'NaN', '9e99', '99999999999999999999'])(
    'has a time of this calendar whatever the writer claims: %p',
    (timestamp) => {
      expect(holdFor({ ...parked, timestamp }, 'prk1')?.fact.at).toBe('1970-01-01T00:00:00.000Z');
    },
  );
});
