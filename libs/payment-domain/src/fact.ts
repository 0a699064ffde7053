import type { Money } from './money.js';

/** Who told us. */
export type Source =
  'request' | 'response' | 'webhook' | 'poll' | 'settlement' | 'clock' | 'operator';

/**
 * What an operation is. `session` is the gateway's container of tries (a Stripe PaymentIntent): it moves no money,
 * but it closes an attempt. `hold` blocks irreversible acts (a parked message, a review).
 * Disputes and their money (`dispute`, `dispute_withdrawal`, `dispute_reinstatement`, `dispute_fee`) join this list.
 */
export const KINDS = ['session', 'authorization', 'capture', 'void', 'refund', 'hold'] as const;
export type Kind = (typeof KINDS)[number];

/** In rising rank; `not_attempted` ends `requested` and `unknown` of its own call only and has no rank of its own. */
export const OUTCOMES = [
  'not_attempted',
  'requested',
  'unknown',
  'pending',
  'expired',
  'canceled',
  'refused',
  'succeeded',
  'reversed',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

interface FactBase {
  /** Unique for ever; the Kafka `ce_id`. The same id never comes with other content. */
  readonly id: string;
  /** RFC 3339, UTC: when it happened, in the words of the source. Never used for order. */
  readonly at: string;
  readonly source: Source;
}

/** What was agreed when the intent was accepted; exactly one a payment. Locks the currency. */
export interface TermsFact extends FactBase {
  readonly type: 'terms';
  readonly mode: 'test' | 'live';
  readonly storefront: string;
  readonly orderId: string;
  readonly attempt: number;
  readonly amount: Money;
  readonly captureMode: 'automatic' | 'manual';
  /** Configured gateway account, such as `stripe-main`. */
  readonly account: string;
  readonly gateway: string;
}

/** An operation reached an outcome. */
export interface OperationFact extends FactBase {
  readonly type: 'operation';
  /** Our operation id, or a gateway's id where only that is known; aliases join the two. */
  readonly operation: string;
  readonly kind: Kind;
  readonly outcome: Outcome;
  /** What we asked for: on `requested` facts. */
  readonly asked?: Money;
  /** What the outcome is about: on every outcome that moves, holds or releases money. */
  readonly amount?: Money;
  /** Number of the call at the gateway, from 1; on facts about our own calls, from the `requested` one on. */
  readonly call?: number;
  /** Machine-readable: a decline code, `abandoned`, `parked`, … */
  readonly reason?: string;
  /** The authorization a capture takes from, the capture or authorization a refund returns; by any of its ids. */
  readonly parent?: string;
}

/** A gateway's id is another name of an operation (or of the payment itself: `target` is then the payment id). */
export interface AliasFact extends FactBase {
  readonly type: 'alias';
  readonly alias: string;
  readonly target: string;
}

/** Captured so far on `object`, as the gateway counts: a lower bound of gross captured, not a difference. */
export interface TotalFact extends FactBase {
  readonly type: 'total';
  readonly object: string;
  readonly value: Money;
}

/** Takes a fact back, for ever, with a reason and perhaps a successor. A retraction can't be retracted. */
export interface RetractionFact extends FactBase {
  readonly type: 'retraction';
  readonly retracts: string;
  readonly reason: string;
  readonly successor?: string;
}

export type Fact = TermsFact | OperationFact | AliasFact | TotalFact | RetractionFact;
