import type { Fact } from '@paylog/payment-domain';
import { captured, operation, paymentOfOrder } from '../../testing/facts.js';
import { disputed, eventsOf, proofsFor } from '../../testing/packs.js';
import { decision, notification } from '../../testing/proofs.js';
import { type Proof, toProof } from '../../ingest/to-proof.js';
import { filedUnder, historyOf, packOf } from './evidence-pack.js';

const ORDER = 'order-1';
const payment = paymentOfOrder(ORDER);
const generatedAt = '2026-03-21T00:00:00.000Z';

const historyIn = (facts: readonly Fact[]) => historyOf(payment, eventsOf(payment, facts));

const packWith = (facts: readonly Fact[], proofs: readonly Proof[] = []) =>
  packOf({ paymentId: payment, generatedAt, history: historyIn(facts), proofs });

const proofOf = (...args: Parameters<typeof notification>): Proof => {
  const proof = toProof(notification(...args));
  if (typeof proof === 'string') throw new Error(proof);
  return proof;
};

describe('the evidence pack of a payment', () => {
  it('holds the order, the dispute with what is due until when, and the money', () => {
    const facts = disputed(ORDER);
    expect(packWith(facts, proofsFor(ORDER, facts))).toMatchObject({
      paymentId: payment,
      generatedAt,
      order: {
        orderId: ORDER,
        storefront: 'shop',
        amount: { minor: '1000', currency: 'EUR' },
        account: 'stripe-main',
      },
      state: {
        label: 'disputed',
        amounts: { captured: { minor: '1000' }, disputed: { minor: '1000' } },
      },
      disputes: [
        {
          id: 'dp_1',
          stage: 'chargeback',
          outcome: 'opened',
          reason: 'product_not_received',
          amount: { minor: '1000', currency: 'EUR' },
          respondBy: '2026-04-03T23:59:59.000Z',
          withdrawn: { minor: '1000', currency: 'EUR' },
          reinstated: { minor: '0', currency: 'EUR' },
        },
      ],
    });
  });

  it('tells every event by its time, with amount, source and the webhook that told it', () => {
    const [terms, ...rest] = disputed(ORDER);
    const { timeline, webhooks } = packWith([...rest.toReversed(), terms!], proofsFor(ORDER, rest));
    expect(timeline.map(({ what }) => what).at(-1)).toBe('DisputeOpened');
    expect(timeline).toHaveLength(7);
    const capture = timeline.find(({ what }) => what === 'CaptureSucceeded');
    expect(capture).toMatchObject({ amount: { minor: '1000' }, source: 'webhook' });
    expect(webhooks.find(({ told }) => told.includes('CaptureSucceeded'))).toMatchObject({
      evidence: capture?.evidence,
      account: 'stripe-main',
      receivedAt: '2026-03-01T12:00:01.250Z',
      verifiedWith: 'STRIPE_MAIN_WEBHOOK_SECRET',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(timeline.find(({ what }) => what === 'CaptureRequested')?.evidence).toBeUndefined();
  });

  it('marks what was taken back', () => {
    const facts = captured(ORDER);
    const { id, at } = facts.at(-1)!;
    const retraction: Fact = {
      type: 'retraction',
      id: 'fct_retraction',
      retracts: id,
      reason: 'mapped_wrongly',
      at,
      source: 'operator',
    };
    const { timeline, state } = packWith([...facts, retraction]);
    expect(timeline.filter((each) => each.retracted).map(({ factId }) => factId)).toEqual([id]);
    expect(state.label).toBe('authorized');
  });

  it('lists a webhook once, with all that it told, and says what its signature does not cover', () => {
    const told = (['authorization', 'capture'] as const).map((kind) =>
      operation(payment, kind, 'succeeded'),
    );
    const refund = operation(payment, 'refund', 'succeeded');
    const { webhooks } = packWith(captured(ORDER), [
      ...told.map((fact) => proofOf(payment, fact)),
      proofOf(payment, refund, { eventId: 'evt_2', type: 'UnconfirmedFact' }),
    ]);
    expect(
      webhooks.map(({ eventId, told: what, unconfirmed }) => [eventId, what, unconfirmed]),
    ).toEqual([
      ['evt_1', ['AuthorizationSucceeded', 'CaptureSucceeded'], undefined],
      ['evt_2', ['RefundSucceeded'], true],
    ]);
  });

  it('says what was decided about the goods, when and why', () => {
    const goods = (
      [
        ['FulfillmentRecalled', 'charged_back', '2026-03-02T00:00:00Z'],
        ['FulfillmentReleased', 'paid', '2026-03-01T00:00:00.5Z'],
      ] as const
    ).map(([type, reason, ce_time]) => {
      const message = decision(payment, ORDER, type, reason);
      return toProof({ ...message, headers: { ...message.headers, ce_time } }) as Proof;
    });
    const { fulfillment } = packWith(captured(ORDER), goods);
    expect(fulfillment.map(({ at, what, reason }) => [at, what, reason])).toEqual([
      ['2026-03-01T00:00:00.5Z', 'FulfillmentReleased', 'paid'],
      ['2026-03-02T00:00:00Z', 'FulfillmentRecalled', 'charged_back'],
    ]);
  });

  it('has proofs that were filed under a payment that it has adopted', () => {
    const found = paymentOfOrder('found');
    const adoption: Fact = {
      type: 'adoption',
      id: 'fct_adoption',
      payment: found,
      into: payment,
      storefront: 'shop',
      orderId: ORDER,
      operator: 'jane',
      reason: 'paid by link',
      at: '2026-03-01T00:00:00Z',
      source: 'operator',
    };
    const history = historyIn([...captured(ORDER), adoption]);
    expect(filedUnder(payment, history)).toEqual([payment, found]);
    expect(filedUnder(found, history)).toEqual([found]);
  });

  it('is of a payment that was found at the gateway, too', () => {
    const origin: Fact = {
      type: 'origin',
      id: 'fct_origin',
      mode: 'test',
      account: 'stripe-main',
      gateway: 'stripe',
      object: 'pi_found',
      at: '2026-03-01T00:00:00Z',
      source: 'webhook',
    };
    const pack = packWith([origin]);
    expect(pack).toMatchObject({ found: { object: 'pi_found' }, disputes: [], webhooks: [] });
    expect(pack.order).toBeUndefined();
  });
});
