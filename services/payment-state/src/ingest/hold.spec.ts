import { fold } from '@paylog/payment-domain';
import { message, paymentOfOrder, terms } from '../testing/facts.js';
import { endOf, parkedHolds } from '../payment/parked-hold.js';
import { holdFor, liftFor } from './hold.js';

const payment = paymentOfOrder('order-1');
const parked = message(payment, terms('order-1'), 0n, { value: null });

describe('the hold of a parked message', () => {
  it('blocks the payment until its end, whichever is told first', () => {
    const hold = holdFor(parked, 'prk1')!.fact;
    const [open] = parkedHolds(fold([hold]));
    const end = endOf(open!, liftFor(parked, 'prk1')!.at);
    expect(fold([hold]).held).toBe(true);
    expect(fold([hold, end]).held).toBe(false);
    expect(fold([end, hold]).held).toBe(false);
    expect(parkedHolds(fold([hold, end]))).toEqual([]);
    expect(fold([hold, end, holdFor(parked, 'prk2')!.fact]).held).toBe(true);
  });

  it('is the same fact when the message is parked again', () => {
    expect(holdFor(parked, 'prk1')).toEqual(holdFor({ ...parked }, 'prk1'));
  });

  it.each([null, '', 'shop', 'pay-short'])('needs a key that names a payment, not %p', (key) => {
    expect(holdFor({ ...parked, key }, 'prk1')).toBeUndefined();
    expect(liftFor({ ...parked, key }, 'prk1')).toBeUndefined();
  });

  it.each(['', '-1', 'NaN', '9e99', '99999999999999999999'])(
    'has a time of this calendar whatever the writer claims: %p',
    (timestamp) => {
      expect(holdFor({ ...parked, timestamp }, 'prk1')?.fact.at).toBe('1970-01-01T00:00:00.000Z');
    },
  );
});
