import type { OperationFact } from '@paylog/payment-domain';
import type { Known } from '../intent/state.js';

/** Times are milliseconds since the epoch, limits milliseconds. */
export interface Limits {
  /** From acceptance until a payment whose shopper never came back is canceled at the gateway. */
  readonly abandonAfterMs: number;
  /** How long an operation may stay pending before we ask. */
  readonly pendingLimitMs: number;
  /** Pause before the first question about an unknown outcome; doubles with each. */
  readonly unknownRetryMs: number;
  /** How long an authorization holds, from when it was won. */
  readonly authorizationValidMs: number;
  /** What becomes of money that came when nobody counted on it any more. */
  readonly lateSuccess: 'refund' | 'keep';
  /** A repeat with the same key is safe this long after the operation's first call; later only lookups are. */
  readonly repeatWithinMs: number;
}

/** What is known beside the log: the clock, our own bookkeeping (losing it only asks sooner), the account's switch. */
export interface Progress {
  readonly now: number;
  /** Lookups since the last new fact. */
  readonly polls: number;
  readonly polledAt?: number;
  /** Somebody wants to know now. */
  readonly verifyAt?: number;
  /** When a gateway's word about this payment last reached our projection. */
  readonly gatewayToldAt?: number;
  /** Before then nothing is asked: the gateway said so. */
  readonly notBefore?: number;
  readonly accountStopped: boolean;
  /** Does the gateway know where a participant's share goes? Absent: the account passes no shares on. */
  readonly reaches?: (participant: string) => boolean;
  /** We still hold the payment method's token. */
  readonly hasPaymentMethod: boolean;
  /** The shopper was told to do something. */
  readonly hasNextAction: boolean;
}

export type CallName =
  'authorize' | 'increment' | 'capture' | 'cancel' | 'refund' | 'pay_out' | 'take_back';
/** Why an attempt is closed at the gateway. */
export type CloseReason =
  'declined' | 'abandoned' | 'cancelled' | 'superseded' | 'rest' | 'late_success';
/** Why we give money back that nobody asked us to give back by name. */
export type RefundReason = 'order_cancelled' | 'late_success';

export type Action =
  | {
      readonly type: 'call';
      readonly call: CallName;
      readonly operation: string;
      readonly number: number;
      readonly why: string;
      /** Of a cancel: kept with the operation, because a repeat with the same key must not differ. */
      readonly reason?: CloseReason;
    }
  | { readonly type: 'lookup'; readonly operation: string; readonly why: string }
  /** Needs no gateway: facts that follow from what is known. */
  | { readonly type: 'record'; readonly outcomes: readonly Outcome[]; readonly why: string }
  /** Ask for a refund of the rest, as an operation of its own. */
  | {
      readonly type: 'refund_rest';
      readonly minor: bigint;
      readonly parent: string;
      readonly ordinal: number;
      readonly reason: RefundReason;
    }
  /** Ask for a participant's payout or its reversal, as an operation of its own. */
  | {
      readonly type: 'request';
      readonly kind: 'participant_payout' | 'participant_payout_reversal';
      readonly operation: string;
      readonly participant: string;
      readonly minor: bigint;
      /** The gateway's id of what a payout draws from; our id of the payout that is taken back. */
      readonly parent?: string;
    }
  | { readonly type: 'wait'; readonly until?: number; readonly why: string }
  | { readonly type: 'done' };

export type Outcome = Pick<OperationFact, 'operation' | 'kind' | 'outcome'> & {
  readonly call?: number;
  readonly reason: string;
};

/** One concern of `nextAction`; undefined when it has nothing to say. */
export type Step = (known: Known, limits: Limits, progress: Progress) => Action | undefined;
