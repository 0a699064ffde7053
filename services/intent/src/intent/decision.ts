import { factId } from '@paylog/contracts';
import type { Money, OperationFact, TermsFact } from '@paylog/payment-domain';
import type { IntentMessage, OrderName, RefusedOperation } from './messages.js';
import { refusal, type Refusal } from './refusals.js';
import type { CaptureRequest, IncrementRequest, IntentRequest, RefundRequest } from './requests.js';
import type { Known } from './state.js';

/**
 * Reason of a capture that is not the last one, kept with the operation: what is built from the log must say the same
 * to the gateway at each repeat.
 */
export const MORE_FOLLOW = 'more_follow';

/** What the request meets. */
export interface Situation {
  readonly known: Known;
  /** The attempt before, for an attempt after the first. */
  readonly previous?: Known;
  /** The account's switch: no new captures, refunds and authorizations. */
  readonly accountStopped: boolean;
}

export type Decision =
  /** New: append the messages at the version that was read. */
  | { readonly type: 'accepted'; readonly messages: readonly IntentMessage[] }
  /** The same was asked before; the first answer stands. */
  | { readonly type: 'duplicate' }
  | {
      readonly type: 'refused';
      readonly refusal: Refusal;
      readonly messages: readonly IntentMessage[];
    }
  | {
      readonly type: 'conflicted';
      readonly field: string;
      readonly messages: readonly IntentMessage[];
    }
  /** Can't be judged before something else is known; `on` is the payment whose state decides. */
  | { readonly type: 'early'; readonly refusal: Refusal; readonly on: string };

/** A reference is used once a payment; asked again with the same content it is the same request. */
export function sameReference(
  request: CaptureRequest | IncrementRequest | RefundRequest,
  known: Known,
  operation: string,
): Decision | undefined {
  const before = known.intent.own.find((own) => own.id === operation);
  if (!before) return undefined;
  const amount =
    request.amount === undefined ||
    (before.asked?.minor === request.amount.minor &&
      before.asked.currency === request.amount.currency);
  const last = before.reason !== MORE_FOLLOW;
  const same = amount && (request.type !== 'capture' || (request.final ?? true) === last);
  return same ? { type: 'duplicate' } : refuse(request, refusal('reference_used', 'reference'));
}

export function whyNotAmount(amount: Money, terms: TermsFact): Refusal | undefined {
  if (amount.currency !== terms.amount.currency) {
    return refusal('currency_mismatch', 'amount.currency');
  }
  if (amount.minor <= 0n) return refusal('amount_not_positive', 'amount.minor');
  return undefined;
}

const OPERATION: Record<IntentRequest['type'], RefusedOperation> = {
  place: 'authorization',
  capture: 'capture',
  increment: 'authorization',
  cancel: 'void',
  void: 'void',
  refund: 'refund',
};

export function refuse(request: IntentRequest, why: Refusal): Decision {
  const reference = 'reference' in request ? { reference: request.reference } : {};
  const about = { requestId: request.id, operation: OPERATION[request.type], ...reference };
  const data = { ...orderName(request), ...about, ...why };
  return { type: 'refused', refusal: why, messages: [{ type: 'IntentRefused', data }] };
}

export function early(
  known: Known,
  reason: 'authorization_open' | 'capture_open' | 'increment_open',
): Decision {
  return { type: 'early', refusal: refusal(reason), on: known.intent.paymentId };
}

export function orderName(request: IntentRequest): OrderName {
  const { paymentId, storefront, orderId, attempt } = request;
  return { paymentId, storefront, orderId, attempt };
}

export function orderMessage(
  request: IntentRequest,
  kind: 'ready_to_ship' | 'refund_requested',
  told: { reference: string; amount: Money; reason?: string; final?: boolean },
): IntentMessage[] {
  if (!request.byMessage) return [];
  return [{ type: 'OrderMessageAccepted', data: { ...orderName(request), kind, ...told } }];
}

/** The operation was asked for; calls at the gateway follow, each with a number. */
export function requested(
  operation: string,
  kind: OperationFact['kind'],
  at: string,
  details: { asked?: Money; parent?: string; reason?: string; participant?: string },
): OperationFact {
  const id = factId(operation, 'requested');
  return {
    type: 'operation',
    id,
    at,
    source: 'request',
    operation,
    kind,
    outcome: 'requested',
    ...details,
  };
}

export function recorded(paymentId: string, fact: OperationFact): IntentMessage {
  return { type: 'FactRecorded', data: { paymentId, fact } };
}
