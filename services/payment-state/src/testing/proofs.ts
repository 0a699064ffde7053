import { createHash } from 'node:crypto';
import {
  encode,
  factId,
  FULFILLMENT_EVENTS,
  GATEWAY_NOTIFICATIONS,
  partitionOf,
  stableId,
  toWireFact,
} from '@paylog/contracts';
import type { ConsumedMessage } from '@paylog/kafka';
import type { Fact } from '@paylog/payment-domain';

/** Short ways to say what vouches for a payment, for this service's specs. */

type Part = Partial<Pick<ConsumedMessage, 'headers' | 'value' | 'key' | 'offset'>>;

/** A fact that this webhook told, as webhook-ingest publishes it. */
export function notification(
  payment: string,
  fact: Fact,
  {
    eventId = 'evt_1',
    type = 'FactRecorded',
    ...more
  }: Part & {
    eventId?: string;
    type?: 'FactRecorded' | 'UnconfirmedFact';
  } = {},
): ConsumedMessage {
  const value = encode(GATEWAY_NOTIFICATIONS, type, {
    paymentId: payment,
    fact: toWireFact(fact),
    evidence: {
      id: stableId('evd', 'stripe-main', eventId),
      account: 'stripe-main',
      eventId,
      sha256: createHash('sha256').update(eventId).digest('hex'),
      receivedAt: '2026-03-01T12:00:01.250Z',
      verifiedWith: 'STRIPE_MAIN_WEBHOOK_SECRET',
    },
  });
  const headers = { ce_id: fact.id, ce_type: type, ce_time: fact.at };
  return messageOn(GATEWAY_NOTIFICATIONS, payment, value, headers, more);
}

type GoodsType = 'FulfillmentReleased' | 'FulfillmentHeld' | 'FulfillmentRecalled';

/** A decision about the goods, as fulfillment publishes it. */
export function decision(
  payment: string,
  orderId: string,
  type: GoodsType,
  reason: string,
  more: Part = {},
): ConsumedMessage {
  const causedBy = factId('cause of', payment, type);
  const order = { paymentId: payment, storefront: 'shop', orderId };
  const value = encode(FULFILLMENT_EVENTS, type, { ...order, part: 'all', reason, causedBy });
  const headers = {
    ce_id: factId('fulfillment', type, payment),
    ce_type: type,
    ce_time: '2026-03-01T12:00:05.000Z',
  };
  return messageOn(FULFILLMENT_EVENTS, payment, value, headers, more);
}

function messageOn(
  topic: string,
  payment: string,
  value: Buffer,
  headers: ConsumedMessage['headers'],
  more: Part,
): ConsumedMessage {
  const partition = partitionOf(payment);
  const place = { topic, partition, offset: 0n, key: payment, timestamp: '1772366400000' };
  return { ...place, value, headers, ...more };
}
