import type { Fact, Money, TermsFact } from '@paylog/payment-domain';
import type { Refusal } from './refusals.js';

/**
 * What intent's own log holds, in the words of `payments.intents.v1`: one row, one message. Stored shapes: a changed
 * meaning is a new type or a new schema version with an upcaster, never an edit.
 */
export type IntentMessage =
  | { readonly type: 'IntentAccepted'; readonly data: { paymentId: string; fact: TermsFact } }
  | { readonly type: 'FactRecorded'; readonly data: { paymentId: string; fact: Fact } }
  | { readonly type: 'IntentRefused'; readonly data: IntentRefused }
  | { readonly type: 'IntentConflicted'; readonly data: IntentConflicted }
  | { readonly type: 'OrderMessageAccepted'; readonly data: OrderMessageAccepted };

/** Which attempt at which order. */
export interface OrderName {
  readonly paymentId: string;
  readonly storefront: string;
  readonly orderId: string;
  readonly attempt: number;
}

/** What a refusal is about, in the words of the storefront. */
export type RefusedOperation = 'authorization' | 'capture' | 'void' | 'refund';

export interface IntentRefused extends OrderName, Refusal {
  readonly requestId: string;
  readonly operation: RefusedOperation;
  readonly reference?: string;
}

export interface IntentConflicted extends OrderName {
  readonly requestId: string;
  readonly field: string;
  readonly accepted: string;
  readonly received: string;
}

export interface OrderMessageAccepted extends OrderName {
  readonly kind: 'ready_to_ship' | 'cancelled' | 'refund_requested';
  readonly reference?: string;
  readonly amount?: Money;
  /** False: a capture after which more follow. */
  readonly final?: boolean;
  readonly reason?: string;
}

/** A message with what its row says beside the data. */
export interface RecordedMessage {
  readonly message: IntentMessage;
  /** When it was recorded: RFC 3339, UTC. */
  readonly at: string;
  /** Id of the storefront's message or request that caused it. */
  readonly causedBy?: string;
}
