import { operations } from '../intent/operations.js';
import { isOpen, statusOf, type Known } from '../intent/state.js';
import type { Action, CloseReason, Limits, Progress } from './action.js';
import { neverStarted } from './by-the-clock.js';
import { closeReason, pollOnSchedule } from './questions.js';

/** A gateway that refuses this often is only asked any more. */
const VOIDS_MAX = 3;

/** The gateway makes sure that this attempt can't be paid any more, and releases what it holds. */
export function close(known: Known, limits: Limits, progress: Progress, why: CloseReason): Action {
  const { paymentId, containerId } = known.intent;
  if (containerId === undefined) {
    return { type: 'record', outcomes: neverStarted(known, 'nothing_at_the_gateway'), why };
  }
  const voids = known.intent.own.filter(({ kind }) => kind === 'void');
  const before = voids.at(-1);
  const status = before ? statusOf(known, before.id) : 'none';
  if (before && status === 'pending') {
    return pollOnSchedule(before, limits.pendingLimitMs, progress, 'cancel pending');
  }
  const over = before && !isOpen(status) && status !== 'not_attempted';
  // Refused in the state it was in: which one, only the gateway can say. What a lookup shows as unpaid still is tried
  // again, as an operation of its own, for the answer of the one before may be kept with its key.
  if (over && (progress.polls === 0 || voids.length >= VOIDS_MAX)) {
    return pollOnSchedule(before, limits.unknownRetryMs, progress, 'cancel refused by the gateway');
  }
  const operation = over || !before ? operations.void(paymentId, voids.length + 1) : before.id;
  const calls = over ? [] : (before?.calls ?? []);
  const reason = over ? why : (closeReason(before) ?? why);
  return {
    type: 'call',
    call: 'cancel',
    operation,
    number: (calls.at(-1)?.number ?? 0) + 1,
    why,
    reason,
  };
}
