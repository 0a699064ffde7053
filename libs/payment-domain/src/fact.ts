import type { Money } from './money.js';
import type { Splits } from './splits.js';

/** Who told us. */
export type Source =
  'request' | 'response' | 'webhook' | 'poll' | 'settlement' | 'clock' | 'operator';

/**
 * What an operation is. `session` is the gateway's container of tries (a Stripe PaymentIntent): it moves no money,
 * but it closes an attempt. `hold` blocks irreversible acts (a parked message, a review). The money of a dispute are
 * operations of the gateway, with the dispute as their parent; the case itself is a `DisputeFact`. A
 * `participant_payout` passes a participant's share on, at the gateway; a `participant_payout_reversal` takes it back, in
 * part or whole, and has the payout as its parent.
 */
export const KINDS = [
  'session',
  'authorization',
  'capture',
  'void',
  'refund',
  'hold',
  'dispute_withdrawal',
  'dispute_reinstatement',
  'dispute_fee',
  'participant_payout',
  'participant_payout_reversal',
] as const;
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

/**
 * In rising rank. A case climbs: an inquiry asks without taking money, a chargeback takes it, each further stage is
 * another round between issuer and merchant. An appeal is a stage, since its outcome overrules the one below.
 */
export const DISPUTE_STAGES = [
  'inquiry',
  'chargeback',
  'second_chargeback',
  'appeal',
  'pre_arbitration',
  'arbitration',
] as const;
export type DisputeStage = (typeof DISPUTE_STAGES)[number];

/**
 * In rising rank within a stage. `closed`: an inquiry ended without a chargeback. `prevented`: paid back before it became
 * a chargeback. `accepted`: we gave it up. `won` beside `lost`, `accepted` or `prevented` contradicts.
 */
export const DISPUTE_OUTCOMES = [
  'opened',
  'evidence_submitted',
  'closed',
  'prevented',
  'accepted',
  'lost',
  'won',
] as const;
export type DisputeOutcome = (typeof DISPUTE_OUTCOMES)[number];

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
  /** Who shares in what is captured; absent: the storefront has it all. */
  readonly splits?: Splits;
  /** `parts`: what is captured may be shipped, capture by capture. Absent: the order goes as a whole. */
  readonly shipping?: 'parts';
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
  /** Whose share is passed on or taken back; by the name that the terms have. */
  readonly participant?: string;
}

/** A case of an issuer against a payment reached an outcome at a stage. Its money is told by operations. */
export interface DisputeFact extends FactBase {
  readonly type: 'dispute';
  /** The gateway's id of the case. */
  readonly dispute: string;
  readonly stage: DisputeStage;
  readonly outcome: DisputeOutcome;
  /** What is in dispute; may be less than what was captured. */
  readonly amount?: Money;
  /** The issuer's, machine-readable: `fraudulent`, `product_not_received`, … */
  readonly reason?: string;
  /** RFC 3339, UTC: until when evidence is taken. */
  readonly respondBy?: string;
  /** The authorization or capture it is about; by any of its ids. */
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

/** A gateway has a payment that nobody asked us for: what its account holds, in place of terms. */
export interface OriginFact extends FactBase {
  readonly type: 'origin';
  readonly mode: 'test' | 'live';
  /** Configured gateway account, such as `stripe-main`. */
  readonly account: string;
  readonly gateway: string;
  /** The gateway's id that the payment goes by: its container, or the charge where there is none. */
  readonly object: string;
}

/**
 * A person says which order a payment found at a gateway belongs to. Where that order has a payment of its own (`into`),
 * the facts of `payment` are told there, and retracted here; both have this fact.
 */
export interface AdoptionFact extends FactBase {
  readonly type: 'adoption';
  /** The one that was found. */
  readonly payment: string;
  /** The order's own payment; `payment` itself where the order has none. */
  readonly into: string;
  readonly storefront: string;
  readonly orderId: string;
  /** Who says so, and why. */
  readonly operator: string;
  readonly reason: string;
}

export type Fact =
  | TermsFact
  | OperationFact
  | DisputeFact
  | AliasFact
  | TotalFact
  | RetractionFact
  | OriginFact
  | AdoptionFact;
