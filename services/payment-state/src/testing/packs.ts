import type { LogRow } from '@paylog/event-sourcing';
import type { Fact } from '@paylog/payment-domain';
import type { Proof } from '../ingest/to-proof.js';
import { toProof } from '../ingest/to-proof.js';
import { decide } from '../payment/decide.js';
import { captured, eur, operation, paymentOfOrder } from './facts.js';
import { decision, notification } from './proofs.js';

/** A payment in dispute, for the specs of evidence packs. */

/** Captured, then disputed for this reason, with the money withdrawn. */
export function disputed(orderId: string, reason = 'product_not_received', minor = 1000): Fact[] {
  const payment = paymentOfOrder(orderId);
  const at = '2026-03-20T08:00:00.000Z';
  const case_ = { type: 'dispute', dispute: 'dp_1', at, source: 'webhook' } as const;
  const respondBy = '2026-04-03T23:59:59.000Z';
  return [
    ...captured(orderId, minor),
    {
      ...case_,
      id: `fct_${orderId}_opened`,
      stage: 'chargeback',
      outcome: 'opened',
      amount: eur(minor),
      reason,
      respondBy,
      parent: operationIdOf(payment),
    },
    {
      type: 'operation',
      id: `fct_${orderId}_withdrawn`,
      operation: 'txn_1',
      kind: 'dispute_withdrawal',
      outcome: 'succeeded',
      at,
      source: 'webhook',
      amount: eur(minor),
      parent: 'dp_1',
    },
  ];
}

const operationIdOf = (payment: string): string =>
  operation(payment, 'capture', 'succeeded').operation;

/** The events of these facts, as the log has them. */
export function eventsOf(payment: string, facts: readonly Fact[]): LogRow[] {
  const { appends } = decide(
    new Map(),
    facts.map((fact) => ({ paymentId: payment, fact })),
  );
  return appends.flatMap(({ lane, stream, key, expectedVersion, rows }, position) =>
    rows.map((row) => ({
      ...row,
      lane,
      stream,
      key,
      position: BigInt(position),
      version: expectedVersion + 1,
      digest: Buffer.alloc(32),
    })),
  );
}

/** What vouches for such a payment: a webhook for each fact that one told, and the release of the goods. */
export function proofsFor(orderId: string, facts: readonly Fact[]): Proof[] {
  const payment = paymentOfOrder(orderId);
  const told = facts.filter(({ source }) => source === 'webhook');
  const messages = [
    decision(payment, orderId, 'FulfillmentReleased', 'paid'),
    ...told.map((fact, i) => notification(payment, fact, { eventId: `evt_${i}` })),
  ];
  return messages.map((message) => {
    const proof = toProof(message);
    if (typeof proof === 'string') throw new Error(proof);
    return proof;
  });
}
