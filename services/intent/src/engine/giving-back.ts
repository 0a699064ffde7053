import { capturedBy } from '../intent/decide-refund.js';
import { isLateSuccess } from '../intent/late-success.js';
import { refundableOf } from '../intent/refundable.js';
import { operations } from '../intent/operations.js';
import { isClosed, isOpen, movedMinor, statusOf, type Known } from '../intent/state.js';
import type { Action, Limits, Progress, RefundReason } from './action.js';
import { neverStarted } from './by-the-clock.js';
import { close } from './close.js';
import { pollOnSchedule } from './questions.js';

/** Failed this often, a refund of ours is not tried again by itself. */
const REFUNDS_FAILED_MAX = 3;

/** Why the customer is to have the money, if so: the order was cancelled, or nobody counts on this payment any more. */
export function reasonToGiveBack(known: Known, limits: Limits): RefundReason | undefined {
  if (known.intent.cancel) return 'order_cancelled';
  return limits.lateSuccess === 'refund' && isLateSuccess(known) ? 'late_success' : undefined;
}

/**
 * The customer keeps the money, or gets it back, whenever it turns out to have been taken: a goal, reached when no money
 * is out. Undefined when nothing is left to do for that.
 */
export function giveBack(
  known: Known,
  limits: Limits,
  progress: Progress,
  reason: RefundReason,
): Action | undefined {
  const { paymentId, containerId, own } = known.intent;
  const authorization = own.find(({ id }) => id === operations.authorization(paymentId));
  const why = reason === 'order_cancelled' ? 'cancelled' : 'late_success';
  const captured = movedMinor(known, 'capture').done > 0n;
  if (captured && containerId === undefined && authorization) {
    // Told by a webhook, of a call of ours that we had given up: the gateway says which payment it is.
    return pollOnSchedule(
      authorization,
      limits.unknownRetryMs,
      progress,
      'money of an unknown payment',
    );
  }
  if (captured) {
    // First what is held, so that no more of it can be taken; while that takes its time, what was taken.
    const closing = isClosed(known) ? undefined : close(known, limits, progress, why);
    return closing && closing.type !== 'wait' && closing.type !== 'lookup'
      ? closing
      : (refundRest(known, reason) ?? closing);
  }
  if (isClosed(known)) return undefined;
  // What was not begun, or is called off, takes nothing; what is in doubt was asked for before.
  const capturing = own.some(
    ({ id, kind, calls }) =>
      kind === 'capture' && calls.length > 0 && statusOf(known, id) === 'pending',
  );
  if (capturing) return undefined;
  if (authorization?.calls.length === 0) {
    const outcomes = neverStarted(known, 'never_started');
    return { type: 'record', outcomes, why: 'cancelled before it was begun' };
  }
  return close(known, limits, progress, why);
}

/** Gives back what was captured and is neither given back nor about to be. Undefined: nothing. */
function refundRest(known: Known, reason: RefundReason): Action | undefined {
  const { free: rest, disputed } = refundableOf(known);
  // Lost, the customer has it; won, it comes back to us and is given back then.
  if (rest <= 0n) return disputed > 0n ? { type: 'wait', why: 'disputed' } : undefined;
  const refunds = known.intent.own.filter(({ kind }) => kind === 'refund');
  const failed = refunds.filter((own) => {
    const status = statusOf(known, own.id);
    return own.reason === reason && status !== 'succeeded' && !isOpen(status);
  });
  if (failed.length >= REFUNDS_FAILED_MAX) {
    return { type: 'wait', why: GIVEN_UP[reason] };
  }
  return {
    type: 'refund_rest',
    minor: rest,
    parent: capturedBy(known),
    ordinal: refunds.length + 1,
    reason,
  };
}

const GIVEN_UP: Record<RefundReason, string> = {
  order_cancelled: 'refund of a cancelled order failed three times',
  late_success: 'refund of a late success failed three times',
};
