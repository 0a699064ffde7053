import { operation, paymentOfOrder } from '../testing/facts.js';
import { decision, notification } from '../testing/proofs.js';
import { toProof } from './to-proof.js';

const payment = paymentOfOrder('order-1');
const captured = operation(payment, 'capture', 'succeeded');

describe('what vouches for a payment', () => {
  it('is the webhook that told a fact, with what its signature was checked by', () => {
    expect(toProof(notification(payment, captured))).toEqual({
      id: captured.id,
      paymentId: payment,
      type: 'CaptureSucceeded',
      time: captured.at,
      detail: {
        evidence: {
          id: expect.stringMatching(/^evd/),
          account: 'stripe-main',
          eventId: 'evt_1',
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
          receivedAt: '2026-03-01T12:00:01.250Z',
          verifiedWith: 'STRIPE_MAIN_WEBHOOK_SECRET',
        },
        confirmed: true,
      },
    });
  });

  it('says so where the signature does not cover what is told', () => {
    const unconfirmed = notification(payment, captured, { type: 'UnconfirmedFact' });
    expect(toProof(unconfirmed)).toMatchObject({ detail: { confirmed: false } });
  });

  it('is also a webhook of before it was told when and by what it was verified', () => {
    const message = notification(payment, captured);
    const { evidence, ...rest } = JSON.parse(message.value!.toString());
    const { receivedAt, verifiedWith, ...older } = evidence;
    const value = Buffer.from(JSON.stringify({ ...rest, evidence: older }));
    expect(toProof({ ...message, value })).toMatchObject({ detail: { evidence: older } });
    expect([receivedAt, verifiedWith]).not.toContain(undefined);
  });

  it('holds nothing that only a newer writer knows', () => {
    const message = notification(payment, captured);
    const data = JSON.parse(message.value!.toString());
    data.evidence.customer = 'Jane';
    data.fact.customer = 'Jane';
    const read = toProof({ ...message, value: Buffer.from(JSON.stringify(data)) });
    expect(read).toMatchObject({ type: 'CaptureSucceeded' });
    expect(JSON.stringify(read)).not.toContain('Jane');
  });

  it('is what was decided about the goods, when and why', () => {
    expect(toProof(decision(payment, 'order-1', 'FulfillmentReleased', 'paid'))).toMatchObject({
      paymentId: payment,
      type: 'FulfillmentReleased',
      time: '2026-03-01T12:00:05.000Z',
      detail: { orderId: 'order-1', part: 'all', reason: 'paid' },
    });
  });

  const good = decision(payment, 'order-1', 'FulfillmentHeld', 'review');
  it.each([
    ['cut-off JSON', { ...good, value: Buffer.from('{"cut') }, 'JSON'],
    ['no value', { ...good, value: null }, 'FulfillmentHeld'],
    ['an unknown type', { ...good, headers: { ...good.headers, ce_type: 'Lost' } }, 'Lost'],
    ['no id', { ...good, headers: {} }, 'ce_id'],
    ['an id that is none', { ...good, headers: { ...good.headers, ce_id: 'a\u0000b' } }, 'ce_id'],
    ['no time', { ...good, headers: { ...good.headers, ce_time: 'noon' } }, 'ce_time'],
  ])('is not a message with %s', (_, message, error) => {
    expect(toProof(message)).toContain(error);
  });

  it('is not filed under another payment than the one it is about', () => {
    const message = notification(payment, captured);
    const data = JSON.parse(message.value!.toString());
    const value = Buffer.from(JSON.stringify({ ...data, paymentId: paymentOfOrder('order-2') }));
    expect(toProof({ ...message, value })).toContain('/paymentId');
  });
});
