import { isIncrement, isReleasing } from '../intent/decide-capture.js';
import { capturedBy } from '../intent/decide-refund.js';
import { operations } from '../intent/operations.js';
import { isAuthorized, isClosed, isOpen, movedMinor, statusOf } from '../intent/state.js';
import type { Known, OwnOperation } from '../intent/state.js';
import type { Action, CloseReason, Limits, Outcome, Progress, Step } from './action.js';
import {
  authorizationOpen,
  closeReason,
  diedInside,
  followsAuthorization,
  isDoubtful,
  pollOnSchedule,
  time,
} from './questions.js';

/** Ends an attempt: because the order was cancelled, its payment method refused, or its shopper gone. */
export const closeOrCancel: Step = (known, limits, progress) => {
  const { intent } = known;
  const authorization = statusOf(known, operations.authorization(intent.paymentId));
  if (intent.own.some((operation) => isDoubtful(known, operation))) return undefined;
  if (intent.cancel) {
    const action = cancel(known, limits, progress);
    if (action) return action;
  }
  if (isClosed(known)) return endWhatCannotHappen(known);
  if (isSuperseded(known)) return supersede(known, limits, progress);
  if (isReleasing(known)) return close(known, limits, progress, 'rest');
  if (isAuthorized(known)) return undefined;
  if (authorization === 'pending' && progress.hasNextAction) {
    return abandon(known, limits, progress);
  }
  if (!isOpen(authorization) && authorization !== 'none') {
    return close(known, limits, progress, 'declined');
  }
  return undefined;
};

/** The shopper's next attempt waits for this one to be closed. */
export function isSuperseded(known: Known): boolean {
  const operation = operations.void(known.intent.paymentId);
  const own = known.intent.own.find((each) => each.id === operation);
  return own?.reason === 'superseded' && isOpen(statusOf(known, operation));
}

function supersede(known: Known, limits: Limits, progress: Progress): Action {
  if (isAuthorized(known) || movedMinor(known, 'capture').done > 0n) {
    const operation = operations.void(known.intent.paymentId);
    const kind = 'void';
    const outcomes = [
      { operation, kind, outcome: 'canceled', reason: 'attempt_succeeded' },
    ] as const;
    return { type: 'record', outcomes, why: 'this attempt succeeded' };
  }
  const authorization = operations.authorization(known.intent.paymentId);
  const own = known.intent.own.find((each) => each.id === authorization);
  if (own?.calls.length === 0) {
    return { type: 'record', outcomes: neverStarted(known, 'superseded'), why: 'superseded' };
  }
  return close(known, limits, progress, 'superseded');
}

function abandon(known: Known, limits: Limits, progress: Progress): Action {
  const accepted = known.intent.terms?.at ?? '';
  const until = time(accepted) + limits.abandonAfterMs;
  if (progress.now < until) return { type: 'wait', until, why: 'waiting for the shopper' };
  return close(known, limits, progress, 'abandoned');
}

/** The customer keeps the money, or gets it back. Undefined when nothing is left to do for that. */
function cancel(known: Known, limits: Limits, progress: Progress): Action | undefined {
  const { paymentId } = known.intent;
  const authorization = known.intent.own.find(
    (operation) => operation.id === operations.authorization(paymentId),
  );
  const captured = movedMinor(known, 'capture');
  if (captured.done > 0n) {
    // First what is held, so that no more of it can be taken; while that takes its time, what was taken.
    const closing = isClosed(known) ? undefined : close(known, limits, progress, 'cancelled');
    return closing && closing.type !== 'wait' ? closing : (refundRest(known) ?? closing);
  }
  if (isClosed(known)) return undefined;
  // What was not begun, or is called off, takes nothing; what is in doubt was asked for before.
  const capturing = known.intent.own.some(
    (own) =>
      own.kind === 'capture' && own.calls.length > 0 && statusOf(known, own.id) === 'pending',
  );
  if (capturing) return undefined;
  if (authorization?.calls.length === 0) {
    return {
      type: 'record',
      outcomes: neverStarted(known, 'never_started'),
      why: 'cancelled before it was begun',
    };
  }
  return close(known, limits, progress, 'cancelled');
}

/** Gives back what was captured and is neither given back nor about to be. Undefined: nothing. */
function refundRest(known: Known): Action | undefined {
  const captured = movedMinor(known, 'capture');
  const refunded = movedMinor(known, 'refund');
  const rest = captured.done - refunded.done - refunded.open;
  if (rest <= 0n) return undefined;
  const refunds = known.intent.own.filter((operation) => operation.kind === 'refund');
  // A refund of ours that failed is not repeated blindly for ever: three, then it is listed as stuck.
  if (refunds.filter((each) => each.reason === 'order_cancelled').length >= 3) {
    return { type: 'wait', why: 'refund of a cancelled order failed three times' };
  }
  return {
    type: 'refund_rest',
    minor: rest,
    parent: capturedBy(known),
    ordinal: refunds.length + 1,
  };
}

/** The gateway makes sure that this attempt can't be paid any more, and releases what it holds. */
function close(known: Known, limits: Limits, progress: Progress, why: CloseReason): Action {
  const { paymentId, containerId } = known.intent;
  if (containerId === undefined) {
    return { type: 'record', outcomes: neverStarted(known, 'nothing_at_the_gateway'), why };
  }
  const operation = operations.void(paymentId);
  const before = known.intent.own.find((own) => own.id === operation);
  const status = statusOf(known, operation);
  // The payment is in a state that can't be canceled: which one, only the gateway can say.
  if (before && status === 'refused') {
    return pollOnSchedule(before, limits.unknownRetryMs, progress, 'cancel refused by the gateway');
  }
  if (before && status === 'pending') {
    return pollOnSchedule(before, limits.pendingLimitMs, progress, 'cancel pending');
  }
  const number = (before?.calls.at(-1)?.number ?? 0) + 1;
  return {
    type: 'call',
    call: 'cancel',
    operation,
    number,
    why,
    reason: closeReason(before) ?? why,
  };
}

/** Asked for, and impossible now that the attempt is closed: ended, so that nothing stays open. */
function endWhatCannotHappen(known: Known): Action | undefined {
  const captured = movedMinor(known, 'capture').done > 0n;
  const outcomes = known.intent.own
    .filter((own) => own.kind !== 'refund' && isOpen(statusOf(known, own.id)))
    .filter((own) => {
      if (own.kind === 'capture' && captured) return false;
      if (followsAuthorization(own, known)) return !authorizationOpen(known);
      return statusOf(known, own.id) === 'requested' && !diedInside(own);
    })
    .flatMap((operation) => endOf(operation, 'attempt_closed'));
  return outcomes.length > 0 ? { type: 'record', outcomes, why: 'attempt closed' } : undefined;
}

export function neverStarted(known: Known, reason: string): Outcome[] {
  const idle = known.intent.own.filter(
    (own) => statusOf(known, own.id) === 'requested' && !diedInside(own),
  );
  return [
    ...idle.flatMap((operation) => endOf(operation, reason)),
    ...sessionCanceled(known.intent.paymentId, reason),
  ];
}

/** How long a call may still be on its way to a gateway that shows nothing of it. */
const ON_ITS_WAY_MS = 900_000;

/**
 * The gateway shows nothing under our ids. Long after the last call that means that none arrived. An authorization is
 * then given up (its shopper is gone), anything else is begun again.
 */
export function notFoundAtGateway(
  known: Known,
  operation: string,
  now: number,
): readonly Outcome[] {
  const own = known.intent.own.find((each) => each.id === operation);
  const last = own?.calls.at(-1);
  if (!own || !last || now - time(last.at) < ON_ITS_WAY_MS) return [];
  // What has an id there does not vanish: then another account was asked, or with the wrong key.
  const { aliases, containerId } = known.intent;
  if (own.kind === 'refund' ? aliases.has(own.id) : containerId !== undefined) return [];
  const reason = 'not_found_at_the_gateway';
  if (own.kind === 'authorization' && !isIncrement(own, known)) {
    const open = known.intent.own.filter((each) => isOpen(statusOf(known, each.id)));
    return [
      ...open.flatMap((each) => endOf(each, reason)),
      ...sessionCanceled(known.intent.paymentId, reason),
    ];
  }
  const { id, kind } = own;
  return own.calls.map(({ number }) => ({
    operation: id,
    kind,
    outcome: 'not_attempted',
    call: number,
    reason,
  }));
}

function endOf(operation: OwnOperation, reason: string): Outcome[] {
  const { id, kind } = operation;
  return [{ operation: id, kind, outcome: 'canceled', reason }];
}

function sessionCanceled(paymentId: string, reason: string): Outcome[] {
  const operation = operations.session(paymentId);
  return [{ operation, kind: 'session', outcome: 'canceled', reason }];
}
