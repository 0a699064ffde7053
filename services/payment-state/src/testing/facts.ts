import {
  factId,
  GROUPS,
  operationId,
  type OperationKind,
  partitionOf,
  paymentId,
  PAYMENTS_INTENTS,
  toWireFact,
} from '@paylog/contracts';
import type { Batch, ConsumedMessage } from '@paylog/kafka';
import type { Fact, Money, OperationFact, Outcome } from '@paylog/payment-domain';

/** Short ways to say what reaches this service, for its specs. */

const AT = '2026-03-01T12:00:00.000Z';
export const eur = (minor: number): Money => ({ minor: BigInt(minor), currency: 'EUR' });

export const paymentOfOrder = (orderId: string, attempt = 1): string =>
  paymentId({ mode: 'test', storefront: 'shop', orderId, attempt });

export const terms = (orderId: string, minor = 1000, attempt = 1): Fact => ({
  type: 'terms',
  id: factId('terms', orderId, String(attempt)),
  at: AT,
  source: 'request',
  mode: 'test',
  storefront: 'shop',
  orderId,
  attempt,
  amount: eur(minor),
  captureMode: 'automatic',
  account: 'stripe-main',
  gateway: 'stripe',
});

export function operation(
  payment: string,
  kind: OperationKind,
  outcome: Outcome,
  minor = 1000,
): OperationFact {
  const asks = outcome === 'requested';
  return {
    type: 'operation',
    id: factId(payment, kind, outcome),
    at: AT,
    source: asks ? 'request' : 'webhook',
    operation: operationId(payment, kind, '1'),
    kind,
    outcome,
    call: 1,
    ...(asks ? { asked: eur(minor) } : { amount: eur(minor) }),
  };
}

/** Asked, won, taken. */
export function captured(orderId: string, minor = 1000): Fact[] {
  const payment = paymentOfOrder(orderId);
  return [
    terms(orderId, minor),
    operation(payment, 'authorization', 'requested', minor),
    operation(payment, 'authorization', 'succeeded', minor),
    operation(payment, 'capture', 'requested', minor),
    operation(payment, 'capture', 'succeeded', minor),
  ];
}

export function message(
  payment: string,
  fact: Fact,
  offset: bigint,
  more: Partial<ConsumedMessage> = {},
): ConsumedMessage {
  const type = fact.type === 'terms' ? 'IntentAccepted' : 'FactRecorded';
  return {
    topic: PAYMENTS_INTENTS,
    partition: partitionOf(payment),
    offset,
    key: payment,
    value: Buffer.from(JSON.stringify({ paymentId: payment, fact: toWireFact(fact) })),
    headers: { ce_id: fact.id, ce_type: type, ce_schemaversion: '1' },
    timestamp: '1772366400000',
    ...more,
  };
}

/** One partition's messages, from its first offset on. */
export function batchOf(messages: readonly ConsumedMessage[], more: Partial<Batch> = {}): Batch {
  const first = messages[0];
  const last = messages.at(-1);
  return {
    topic: first?.topic ?? PAYMENTS_INTENTS,
    partition: first?.partition ?? 0,
    messages,
    from: first?.offset ?? 0n,
    to: (last?.offset ?? -1n) + 1n,
    ...more,
  };
}

export const GROUP = GROUPS.paymentStateFacts.group;
