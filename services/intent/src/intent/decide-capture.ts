import {
  early,
  MORE_FOLLOW,
  orderMessage,
  orderName,
  recorded,
  refuse,
  requested,
  sameReference,
  whyNotAmount,
} from './decision.js';
import type { Decision } from './decision.js';
import { operations } from './operations.js';
import { refusal, type Refusal } from './refusals.js';
import type { CaptureRequest, IncrementRequest, VoidRequest } from './requests.js';
import {
  isAuthorized,
  isClosed,
  isOpen,
  leftMinor,
  movedMinor,
  statusOf,
  type Known,
} from './state.js';
import type { OwnOperation } from './state.js';

/** Once the last capture was asked for, or what is held is to be released, nothing more can be taken. */
export function capture(request: CaptureRequest, known: Known): Decision {
  const { intent } = known;
  const { terms, paymentId } = intent;
  if (!terms) return refuse(request, refusal('payment_not_found'));
  const operation = operations.capture(paymentId, request.reference);
  const before = sameReference(request, known, operation);
  if (before) return before;
  if (terms.captureMode === 'automatic') return refuse(request, refusal('captured_automatically'));
  const wrong = request.amount && whyNotAmount(request.amount, terms);
  if (wrong) return refuse(request, wrong);
  const notNow = whyNotFromHeld(known);
  if (notNow) return notNow(request);
  const left = leftMinor(known);
  if (lastCapture(known)) return refuse(request, refusal('capture_already_requested'));
  if (isClosed(known)) return refuse(request, refusal('attempt_closed'));
  if (left <= 0n) return refuse(request, refusal('capture_already_requested'));
  const amount = request.amount ?? { minor: left, currency: terms.amount.currency };
  if (amount.minor > left) {
    return refuse(request, refusal('amount_exceeds_authorization', 'amount.minor'));
  }
  const more = request.final === false;
  const details = {
    asked: amount,
    parent: operations.authorization(paymentId),
    ...(more ? { reason: MORE_FOLLOW } : {}),
  };
  const told = { reference: request.reference, amount, ...(more ? { final: false } : {}) };
  return {
    type: 'accepted',
    messages: [
      ...orderMessage(request, 'ready_to_ship', told),
      recorded(paymentId, requested(operation, 'capture', request.at, details)),
    ],
  };
}

/** Holds more on the same authorization. Gateways do it one at a time, and only before anything was captured. */
export function increment(request: IncrementRequest, known: Known): Decision {
  const { intent } = known;
  const { terms, paymentId } = intent;
  if (!terms) return refuse(request, refusal('payment_not_found'));
  const operation = operations.increment(paymentId, request.reference);
  const before = sameReference(request, known, operation);
  if (before) return before;
  if (terms.captureMode === 'automatic') return refuse(request, refusal('captured_automatically'));
  const wrong = whyNotAmount(request.amount, terms);
  if (wrong) return refuse(request, wrong);
  const notNow = whyNotFromHeld(known);
  if (notNow) return notNow(request);
  const captured = movedMinor(known, 'capture');
  if (captured.done + captured.open > 0n) {
    return refuse(request, refusal('increment_after_capture'));
  }
  if (isClosed(known)) return refuse(request, refusal('attempt_closed'));
  if (intent.own.some((own) => isIncrement(own, known) && isOpen(statusOf(known, own.id)))) {
    return early(known, 'increment_open');
  }
  const details = { asked: request.amount, parent: operations.authorization(paymentId) };
  const fact = requested(operation, 'authorization', request.at, details);
  return { type: 'accepted', messages: [recorded(paymentId, fact)] };
}

/** Lets go of what is held and not captured. Nothing taken yet: the whole payment is called off. */
export function voidAll(request: VoidRequest, known: Known): Decision {
  const { intent } = known;
  if (!intent.terms) return refuse(request, refusal('payment_not_found'));
  if (intent.cancel) return { type: 'duplicate' };
  const captured = movedMinor(known, 'capture');
  const manual = intent.terms.captureMode === 'manual';
  if (captured.done > 0n) return manual ? voidRest(request, known) : refuse(request, taken());
  if (manual && captured.open > 0n) return early(known, 'capture_open');
  if (isClosed(known)) return { type: 'duplicate' };
  const data = { ...orderName(request), kind: 'cancelled' } as const;
  return { type: 'accepted', messages: [{ type: 'OrderMessageAccepted', data }] };
}

/** What was captured stays: the merchant gives that back by refunds, by name. */
function voidRest(request: VoidRequest, known: Known): Decision {
  const { paymentId } = known.intent;
  if (isReleasing(known)) return { type: 'duplicate' };
  if (movedMinor(known, 'capture').open > 0n) return early(known, 'capture_open');
  if (leftMinor(known) <= 0n || isClosed(known)) return refuse(request, taken());
  const details = { parent: operations.authorization(paymentId), reason: 'rest' };
  const fact = requested(operations.void(paymentId), 'void', request.at, details);
  return { type: 'accepted', messages: [recorded(paymentId, fact)] };
}

const taken = (): Refusal => refusal('already_captured');

/** What is held and not captured is being let go: asked for, not over. */
export function isReleasing(known: Known): boolean {
  const operation = operations.void(known.intent.paymentId);
  const own = known.intent.own.find((each) => each.id === operation);
  return own?.reason === 'rest' && isOpen(statusOf(known, operation));
}

/** Further authorizations raise the first one: each is asked for with what it adds. */
export function isIncrement({ id, kind }: OwnOperation, { intent }: Known): boolean {
  return kind === 'authorization' && id !== operations.authorization(intent.paymentId);
}

/** The capture after which the gateway lets go of the rest, unless it came to nothing. */
function lastCapture(known: Known): OwnOperation | undefined {
  return known.intent.own.find((own) => {
    if (own.kind !== 'capture' || own.reason === MORE_FOLLOW) return false;
    const status = statusOf(known, own.id);
    return isOpen(status) || status === 'succeeded' || status === 'reversed';
  });
}

/** Why nothing can be done with the authorization: called off, not won, or nobody knows yet. */
function whyNotFromHeld(
  known: Known,
): ((request: CaptureRequest | IncrementRequest) => Decision) | undefined {
  const { intent } = known;
  const authorization = operations.authorization(intent.paymentId);
  if (intent.cancel || isReleasing(known)) {
    return (request) => refuse(request, refusal('void_already_requested'));
  }
  if (isAuthorized(known)) return undefined;
  if (isClosed(known)) return (request) => refuse(request, refusal('attempt_closed'));
  if (isOpen(statusOf(known, authorization))) return () => early(known, 'authorization_open');
  return (request) => refuse(request, refusal('not_authorized'));
}
