import type {
  AdoptionFact,
  DisputeOutcome,
  DisputeStage,
  Kind,
  OriginFact,
  Outcome,
  TermsFact,
} from './fact.js';
import type { Money } from './money.js';

/** In the order they are tried: the first that holds is the label. */
export const LABELS = [
  'charged_back',
  'disputed',
  'refunded',
  'partially_refunded',
  'captured',
  'partially_captured',
  'voided',
  'expired',
  'authorized',
  'pending',
  'failed',
  'canceled',
  'initialized',
] as const;
export type Label = (typeof LABELS)[number];

export type OperationStatus = Outcome | 'contradicted';

/** One operation as the facts have it. */
export interface Operation {
  /** Our id when an alias leads to one, else the gateway's. */
  readonly id: string;
  readonly kind: Kind;
  readonly status: OperationStatus;
  readonly asked?: Money;
  /**
   * Highest amount any counted outcome of the current status names; absent while none names one. Of a reversed
   * operation: what had succeeded. Of a succeeded void: what it releases, which is never what was captured.
   */
  readonly amount?: Money;
  readonly reason?: string;
  readonly parent?: string;
  /** Of a participant's payout and its reversal: the name that the terms have. */
  readonly participant?: string;
  /**
   * Not requested by us (or not yet known to be ours). Two ids are our own making and always foreign: the capture
   * `foreign` (captured beyond what is known one by one) and the void `released` (given back by the gateway itself).
   */
  readonly foreign: boolean;
  /** Gateway ids that lead here, sorted. */
  readonly aliases: readonly string[];
}

export interface DisputeStatus {
  readonly stage: DisputeStage;
  /** At the highest stage heard of; `contradicted`: won and lost there. */
  readonly outcome: DisputeOutcome | 'contradicted';
}

/** A case against a payment, with the money it moved, in minor units of the locked currency. */
export interface Dispute extends Partial<DisputeStatus> {
  /** The gateway's. A withdrawal that names no case is one under its own id, without stage and outcome. */
  readonly id: string;
  /** The highest that any fact names as disputed. */
  readonly amount?: Money;
  readonly reason?: string;
  /** RFC 3339: until when evidence is taken at this stage. */
  readonly respondBy?: string;
  /** The authorization or capture it is about. */
  readonly parent?: string;
  readonly withdrawn: bigint;
  readonly reinstated: bigint;
  readonly fee: bigint;
}

export const ANOMALIES = [
  'captured_more_than_authorized',
  'refunded_more_than_captured',
  'refunded_and_disputed',
  'reinstated_more_than_withdrawn',
  'captured_and_voided',
  'other_currency',
  'two_authorizations',
  'contradicted',
  'alias_with_two_targets',
  'possibly_the_same',
  'kind_conflict',
  'terms_conflict',
] as const;
export type AnomalyKind = (typeof ANOMALIES)[number];
export interface Anomaly {
  readonly kind: AnomalyKind;
  /** Operation ids, gateway ids or currencies it is about, sorted. */
  readonly about: readonly string[];
}

/** Where a payment was found that nobody asked us for. */
export type Origin = Pick<OriginFact, 'mode' | 'account' | 'gateway' | 'object'>;

/** Which order a person gave a found payment to. */
export type Adoption = Omit<AdoptionFact, 'type' | 'id' | 'source'>;

/** Everything the set of facts says about one payment. Equal sets give equal values, whatever the order. */
export interface Payment {
  readonly terms?: Omit<TermsFact, 'type' | 'id' | 'at' | 'source'>;
  /** It was found at a gateway. */
  readonly origin?: Origin;
  /** By whom, and into which: of the found payment and of the one it went into. By time, then payment. */
  readonly adoptions?: readonly Adoption[];
  /** The locked currency: of the terms, else of the smallest fact id that names one. */
  readonly currency?: string;
  /**
   * Minor units of the locked currency, none of them ever negative. `authorized` is what was won, `captured` what was
   * taken less what was reversed, `voided` what was released uncaptured, by whatever: a void, an expiry, the end of the
   * container. Left to capture = authorized − captured − voided, at least zero (`leftToCapture`). `disputed` is what
   * disputes have taken and may give back, `chargedBack` what they took for good; neither is taken off `captured`.
   */
  readonly amounts: {
    readonly authorized: bigint;
    readonly captured: bigint;
    readonly refunded: bigint;
    readonly voided: bigint;
    readonly disputed: bigint;
    readonly chargedBack: bigint;
    readonly disputeFees: bigint;
  };
  /** Sums in currencies other than the locked one; never added to `amounts`. */
  readonly otherCurrencies: Readonly<Record<string, Omit<Payment['amounts'], 'voided'>>>;
  readonly label: Label;
  /** Nothing of ours is open, unknown or due, and the attempt is closed or nothing is left to capture. */
  readonly final: boolean;
  /**
   * Ids of operations that are `unknown` or `contradicted`, and of ours in doubt against a foreign one; sorted. Ask the
   * gateway.
   */
  readonly unresolved: readonly string[];
  /** Holds that are not canceled: no release, no gateway call, no close while there is one. */
  readonly held: boolean;
  /**
   * The attempt can't be paid any more: its session ended, or it was voided in full, or its authorization expired with
   * nothing captured. A refused authorization alone doesn't close it.
   */
  readonly closed: boolean;
  /** Sorted by id, then kind; the pair is unique (one id with two kinds is the anomaly `kind_conflict`). */
  readonly operations: readonly Operation[];
  /** Sorted by id. */
  readonly disputes: readonly Dispute[];
  /** Of the one that needs somebody most: undecided, then lost, then by stage. */
  readonly disputeStatus?: DisputeStatus;
  readonly anomalies: readonly Anomaly[];
}

/** What one more fact changed: the reason why an effect may follow. Keyed by operation, never by label. */
export interface Transition {
  readonly operation: string;
  readonly kind: Kind;
  readonly from: OperationStatus | 'none';
  readonly to: OperationStatus | 'none';
  /** Counted amount after − before, in `currency`. */
  readonly delta: bigint;
  /** `XXX` while no amount is known. */
  readonly currency: string;
}
