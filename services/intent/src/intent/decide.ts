import { factId } from '@paylog/contracts';
import type { Money, OperationFact, TermsFact } from '@paylog/payment-domain';
import type { IntentMessage, OrderName, RefusedOperation } from './messages.js';
import { operations } from './operations.js';
import { refusal, type Refusal } from './refusals.js';
import type {
  CancelRequest,
  CaptureRequest,
  IntentRequest,
  PlaceRequest,
  RefundRequest,
  VoidRequest,
} from './requests.js';
import {
  authorizedMinor,
  isAuthorized,
  isClosed,
  isOpen,
  movedMinor,
  statusOf,
  type Known,
} from './state.js';

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

/**
 * Accept, refuse, or recognise a storefront's request. The order of the checks is the precedence of the reasons:
 * `precedence.spec.ts` pins it.
 */
export function decide(request: IntentRequest, situation: Situation): Decision {
  if (situation.known.intent.handled.has(request.id)) return { type: 'duplicate' };
  switch (request.type) {
    case 'place':
      return place(request, situation);
    case 'capture':
      return capture(request, situation.known);
    case 'cancel':
      return cancel(request, situation.known);
    case 'void':
      return voidAll(request, situation.known);
    case 'refund':
      return refund(request, situation.known);
  }
}

function place(request: PlaceRequest, situation: Situation): Decision {
  const { intent } = situation.known;
  if (intent.terms) return samePlace(request, intent.terms);
  if (intent.cancel) return refuse(request, refusal('order_cancelled'));
  const { previous } = situation;
  if (request.attempt > 1) {
    if (!previous?.intent.terms)
      return refuse(request, refusal('previous_attempt_unknown', 'attempt'));
    if (hasSucceeded(previous)) return refuse(request, refusal('previous_attempt_succeeded'));
  }
  if (situation.accountStopped) return refuse(request, refusal('gateway_account_stopped'));
  if (previous && !isClosed(previous)) {
    const on = previous.intent.paymentId;
    return { type: 'early', refusal: refusal('previous_attempt_open'), on };
  }
  return { type: 'accepted', messages: accept(request) };
}

/** The same order and attempt is the same payment; what was accepted first is locked. */
function samePlace(request: PlaceRequest, terms: TermsFact): Decision {
  const pairs: readonly (readonly [field: string, accepted: string, received: string])[] = [
    ['amount.currency', terms.amount.currency, request.amount.currency],
    ['amount.minor', terms.amount.minor.toString(), request.amount.minor.toString()],
    ['captureMode', terms.captureMode, request.captureMode],
    ['account', terms.account, request.account],
  ];
  const differing = pairs.find(([, accepted, received]) => accepted !== received);
  if (!differing) return { type: 'duplicate' };
  const [field, accepted, received] = differing;
  const data = { ...orderName(request), requestId: request.id, field, accepted, received };
  return { type: 'conflicted', field, messages: [{ type: 'IntentConflicted', data }] };
}

/** The attempt before must be closed at the gateway first: the engine does it. Nothing to add where it is at it. */
export function supersede(known: Known, at: string): readonly IntentMessage[] {
  const { intent } = known;
  const operation = operations.void(intent.paymentId);
  if (intent.cancel || isClosed(known) || isOpen(statusOf(known, operation))) return [];
  const fact = requested(operation, 'void', at, { reason: 'superseded' });
  // Asked for before and refused by the gateway: the engine finds out what the attempt came to.
  if (intent.facts.some(({ id }) => id === fact.id)) return [];
  return [recorded(intent.paymentId, fact)];
}

/** It took money (given back or not), or holds some. What was authorized and released again is no obstacle. */
function hasSucceeded(known: Known): boolean {
  return movedMinor(known, 'capture').done > 0n || (isAuthorized(known) && !isClosed(known));
}

function accept(request: PlaceRequest): IntentMessage[] {
  const { paymentId, at, mode, storefront, orderId, attempt, amount, captureMode } = request;
  const terms: TermsFact = {
    type: 'terms',
    id: factId('terms', paymentId),
    at,
    source: 'request',
    mode,
    storefront,
    orderId,
    attempt,
    amount,
    captureMode,
    account: request.account,
    gateway: request.gateway,
  };
  const authorization = operations.authorization(paymentId);
  const messages: IntentMessage[] = [
    { type: 'IntentAccepted', data: { paymentId, fact: terms } },
    recorded(paymentId, requested(authorization, 'authorization', at, { asked: amount })),
  ];
  if (captureMode === 'automatic') {
    const capture = operations.automaticCapture(paymentId);
    const fact = requested(capture, 'capture', at, { asked: amount, parent: authorization });
    messages.push(recorded(paymentId, fact));
  }
  return messages;
}

function capture(request: CaptureRequest, known: Known): Decision {
  const { intent } = known;
  const { terms } = intent;
  if (!terms) return refuse(request, refusal('payment_not_found'));
  const { paymentId } = intent;
  const operation = operations.capture(paymentId, request.reference);
  const before = sameReference(request, known, operation);
  if (before) return before;
  if (terms.captureMode === 'automatic') return refuse(request, refusal('captured_automatically'));
  const amount = request.amount ?? terms.amount;
  const wrong = whyNotAmount(amount, terms);
  if (wrong) return refuse(request, wrong);
  if (intent.cancel) return refuse(request, refusal('void_already_requested'));
  const authorization = operations.authorization(paymentId);
  if (!isAuthorized(known)) {
    if (isClosed(known)) return refuse(request, refusal('attempt_closed'));
    if (isOpen(statusOf(known, authorization))) return early(known, 'authorization_open');
    return refuse(request, refusal('not_authorized'));
  }
  const captured = movedMinor(known, 'capture');
  if (captured.done > 0n || captured.open > 0n) {
    return refuse(request, refusal('capture_already_requested'));
  }
  if (isClosed(known)) return refuse(request, refusal('attempt_closed'));
  const limit = authorizedMinor(known) || terms.amount.minor;
  if (amount.minor > limit) {
    return refuse(request, refusal('amount_exceeds_authorization', 'amount.minor'));
  }
  const details = { asked: amount, parent: authorization };
  return {
    type: 'accepted',
    messages: [
      ...orderMessage(request, 'ready_to_ship', { reference: request.reference, amount }),
      recorded(paymentId, requested(operation, 'capture', request.at, details)),
    ],
  };
}

/**
 * Accepted even before the order itself is known (its message may still be parked): the order is then refused when it
 * comes. What has to be done for it (close, void, refund) is the engine's to find out.
 */
function cancel(request: CancelRequest, known: Known): Decision {
  if (known.intent.cancel) return { type: 'duplicate' };
  const reason = request.reason === undefined ? {} : { reason: request.reason };
  const data = { ...orderName(request), kind: 'cancelled', ...reason } as const;
  return { type: 'accepted', messages: [{ type: 'OrderMessageAccepted', data }] };
}

function voidAll(request: VoidRequest, known: Known): Decision {
  if (!known.intent.terms) return refuse(request, refusal('payment_not_found'));
  if (known.intent.cancel) return { type: 'duplicate' };
  const captured = movedMinor(known, 'capture');
  if (captured.done > 0n) return refuse(request, refusal('already_captured'));
  if (known.intent.terms.captureMode === 'manual' && captured.open > 0n) {
    return early(known, 'capture_open');
  }
  if (isClosed(known)) return { type: 'duplicate' };
  const data = { ...orderName(request), kind: 'cancelled' } as const;
  return { type: 'accepted', messages: [{ type: 'OrderMessageAccepted', data }] };
}

function refund(request: RefundRequest, known: Known): Decision {
  const { intent } = known;
  const { terms, paymentId } = intent;
  if (!terms) return refuse(request, refusal('payment_not_found'));
  const operation = operations.refund(paymentId, request.reference);
  const before = sameReference(request, known, operation);
  if (before) return before;
  const captured = movedMinor(known, 'capture');
  const refunded = movedMinor(known, 'refund');
  const rest = captured.done - refunded.done - refunded.open;
  const amount = request.amount ?? { minor: rest, currency: terms.amount.currency };
  if (request.amount) {
    const wrong = whyNotAmount(request.amount, terms);
    if (wrong) return refuse(request, wrong);
  }
  if (captured.done === 0n) {
    if (captured.open > 0n) return early(known, 'capture_open');
    return refuse(request, refusal('nothing_captured'));
  }
  if (amount.minor > rest || rest <= 0n) {
    return refuse(request, refusal('amount_exceeds_captured', 'amount.minor'));
  }
  const { reference, reason } = request;
  const told = { reference, amount, ...(reason === undefined ? {} : { reason }) };
  const details = { asked: amount, parent: capturedBy(known) };
  return {
    type: 'accepted',
    messages: [
      ...orderMessage(request, 'refund_requested', told),
      recorded(paymentId, requested(operation, 'refund', request.at, details)),
    ],
  };
}

/** The capture a refund takes from: the one of ours that succeeded, else the first we know. */
export function capturedBy(known: Known): string {
  const captures = known.intent.own.filter((operation) => operation.kind === 'capture');
  const done = captures.find((operation) => statusOf(known, operation.id) === 'succeeded');
  const first = done ?? captures[0];
  return first?.id ?? operations.authorization(known.intent.paymentId);
}

/** A reference is used once a payment; asked again with the same content it is the same request. */
function sameReference(
  request: CaptureRequest | RefundRequest,
  known: Known,
  operation: string,
): Decision | undefined {
  const before = known.intent.own.find((own) => own.id === operation);
  if (!before) return undefined;
  const same =
    request.amount === undefined ||
    (before.asked?.minor === request.amount.minor &&
      before.asked.currency === request.amount.currency);
  return same ? { type: 'duplicate' } : refuse(request, refusal('reference_used', 'reference'));
}

function whyNotAmount(amount: Money, terms: TermsFact): Refusal | undefined {
  if (amount.currency !== terms.amount.currency) {
    return refusal('currency_mismatch', 'amount.currency');
  }
  if (amount.minor <= 0n) return refusal('amount_not_positive', 'amount.minor');
  return undefined;
}

const OPERATION: Record<IntentRequest['type'], RefusedOperation> = {
  place: 'authorization',
  capture: 'capture',
  cancel: 'void',
  void: 'void',
  refund: 'refund',
};

function refuse(request: IntentRequest, why: Refusal): Decision {
  const reference = 'reference' in request ? { reference: request.reference } : {};
  const about = { requestId: request.id, operation: OPERATION[request.type], ...reference };
  const data = { ...orderName(request), ...about, ...why };
  return { type: 'refused', refusal: why, messages: [{ type: 'IntentRefused', data }] };
}

function early(known: Known, reason: 'authorization_open' | 'capture_open'): Decision {
  return { type: 'early', refusal: refusal(reason), on: known.intent.paymentId };
}

function orderName(request: IntentRequest): OrderName {
  const { paymentId, storefront, orderId, attempt } = request;
  return { paymentId, storefront, orderId, attempt };
}

function orderMessage(
  request: IntentRequest,
  kind: 'ready_to_ship' | 'refund_requested',
  told: { reference: string; amount: Money; reason?: string },
): IntentMessage[] {
  if (!request.byMessage) return [];
  return [{ type: 'OrderMessageAccepted', data: { ...orderName(request), kind, ...told } }];
}

/** The operation was asked for; calls at the gateway follow, each with a number. */
export function requested(
  operation: string,
  kind: OperationFact['kind'],
  at: string,
  details: { asked?: Money; parent?: string; reason?: string },
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
