import { isReleasing } from '../intent/decide-capture.js';
import { operations } from '../intent/operations.js';
import { isAuthorized, isClosed, isOpen, movedMinor, statusOf } from '../intent/state.js';
import type { Known } from '../intent/state.js';
import type { Action, Limits, Progress, Step } from './action.js';
import { endOf, neverStarted } from './by-the-clock.js';
import { close } from './close.js';
import { giveBack, reasonToGiveBack } from './giving-back.js';
import {
  authorizationOpen,
  diedInside,
  followsAuthorization,
  isDoubtful,
  isPassedOn,
  time,
} from './questions.js';

/** Ends an attempt: because the order was cancelled, its payment method refused, or its shopper gone. */
export const closeOrCancel: Step = (known, limits, progress) => {
  const { intent } = known;
  const authorization = statusOf(known, operations.authorization(intent.paymentId));
  if (intent.own.some((operation) => isDoubtful(known, operation))) return undefined;
  const reason = reasonToGiveBack(known, limits);
  const action = reason && giveBack(known, limits, progress, reason);
  if (action) return action;
  if (isClosed(known)) return endWhatCannotHappen(known);
  if (isSuperseded(known)) return supersede(known, limits, progress);
  if (isReleasing(known)) return close(known, limits, progress, 'rest');
  if (isAuthorized(known)) return undefined;
  if (authorization === 'pending' && progress.hasNextAction) {
    return abandon(known, limits, progress);
  }
  if (authorization === 'reversed') return awaitRecovery(known, limits, progress);
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

/** A debit that came back: the shopper has the time of an attempt to pay it another way. */
function awaitRecovery(known: Known, limits: Limits, progress: Progress): Action {
  const operation = operations.authorization(known.intent.paymentId);
  const own = known.intent.own.find(({ id }) => id === operation);
  const told = Math.max(own ? time(own.lastAt) : 0, progress.gatewayToldAt ?? 0);
  const until = told + limits.abandonAfterMs;
  if (progress.now < until) return { type: 'wait', until, why: 'waiting for another payment' };
  return close(known, limits, progress, 'declined');
}

/** Asked for, and impossible now that the attempt is closed: ended, so that nothing stays open. */
function endWhatCannotHappen(known: Known): Action | undefined {
  const captured = movedMinor(known, 'capture').done > 0n;
  const outcomes = known.intent.own
    .filter((own) => own.kind !== 'refund' && !isPassedOn(own) && isOpen(statusOf(known, own.id)))
    .filter((own) => {
      if (followsAuthorization(own, known)) return !captured && !authorizationOpen(known);
      return statusOf(known, own.id) === 'requested' && !diedInside(own);
    })
    .flatMap((operation) => endOf(operation, 'attempt_closed'));
  return outcomes.length > 0 ? { type: 'record', outcomes, why: 'attempt closed' } : undefined;
}
