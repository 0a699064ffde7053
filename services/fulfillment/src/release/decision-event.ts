import { encode, factId, FULFILLMENT_EVENTS, partitionOf } from '@paylog/contracts';
import type { Append } from '@paylog/event-sourcing';
import type { TermsFact } from '@paylog/payment-domain';
import type { Decision } from './decide.js';

interface Cause {
  readonly paymentId: string;
  readonly causedBy: string;
}

/** A release is keyed by the order and its part, not by payment or event: once an order, for ever. */
export function toAppend(
  { paymentId, causedBy }: Cause,
  { storefront, orderId }: Pick<TermsFact, 'storefront' | 'orderId'>,
  { part, type, reason }: Decision,
  version: number,
): Append {
  const released = type === 'FulfillmentReleased';
  const key = released
    ? `released:${storefront}:${orderId}:${part}`
    : `${type}:${paymentId}:${version}`;
  return {
    lane: partitionOf(paymentId),
    stream: paymentId,
    expectedVersion: version,
    key,
    rows: [
      {
        id: factId('fulfillment', key, paymentId),
        type,
        schemaVersion: 1,
        source: 'fulfillment',
        time: new Date().toISOString(),
        data: encode(FULFILLMENT_EVENTS, type, {
          paymentId,
          storefront,
          orderId,
          part,
          reason,
          causedBy,
        }),
        correlationId: paymentId,
        causationId: causedBy,
      },
    ],
  };
}
