import { fold } from './fold.js';
import { isUnclaimed } from './origin.js';
import {
  adoption,
  alias,
  authorization,
  capture,
  origin,
  retraction,
  terms,
} from './testing/facts.js';

const FOUND = [
  origin('pi_1'),
  alias('pi_1', 'pay2'),
  authorization('ch_1', 'succeeded', 100),
  capture('ch_1/capture', 'succeeded', 100, { parent: 'ch_1' }),
];

describe('a payment found at a gateway', () => {
  it('counts like any other, names its account, and is unclaimed', () => {
    const payment = fold(FOUND);
    expect(payment.origin).toEqual({
      mode: 'test',
      account: 'stripe-main',
      gateway: 'stripe',
      object: 'pi_1',
    });
    expect(payment).toMatchObject({ label: 'captured', amounts: { captured: 100n } });
    expect(payment.terms).toBeUndefined();
    expect(isUnclaimed(payment)).toBe(true);
  });

  it('is one, whoever found it and however often', () => {
    const again = origin('pi_1', { id: 'told by a report', source: 'settlement' });
    expect(fold([again, ...FOUND])).toEqual(fold(FOUND));
  });

  it('is claimed by an adoption, which keeps who and why', () => {
    const payment = fold([...FOUND, adoption('pay2', 'pay2')]);
    expect(isUnclaimed(payment)).toBe(false);
    expect(payment.adoptions).toEqual([
      expect.objectContaining({
        payment: 'pay2',
        into: 'pay2',
        storefront: 'shop',
        orderId: 'order-1',
        operator: 'ines',
        reason: 'paid by a link we sent',
      }),
    ]);
  });

  it('is unclaimed again when the adoption is taken back', () => {
    const wrong = adoption('pay2', 'pay2');
    expect(isUnclaimed(fold([...FOUND, wrong, retraction(wrong)]))).toBe(true);
  });

  it('is not what an order of ours turns into, whatever is told of it', () => {
    expect(isUnclaimed(fold([...FOUND, terms(100)]))).toBe(false);
    expect(isUnclaimed(fold([terms(100)]))).toBe(false);
  });
});
