import { isIncrement } from '../intent/decide-capture.js';
import { operations } from '../intent/operations.js';
import { isOpen, statusOf, type Known, type OwnOperation } from '../intent/state.js';
import type { Action, CallName, CloseReason, Progress } from './action.js';

const RETRY_MS_MAX = 3_600_000;
/** What takes days by its nature, such as a bank transfer, is asked about four times a day in the end. */
export const PENDING_MS_MAX = 6 * 3_600_000;

export function isDoubtful(known: Known, operation: OwnOperation): boolean {
  if (followsAuthorization(operation, known) || operation.calls.length === 0) return false;
  const status = statusOf(known, operation.id);
  if (status === 'unknown' || status === 'contradicted') return true;
  return status === 'requested' && diedInside(operation);
}

/**
 * A call was written down and its answer never was. Any of them: that a later one was not begun says nothing about what
 * an earlier one did.
 */
export function diedInside(operation: OwnOperation): boolean {
  return operation.calls.some(({ answered }) => !answered);
}

export function pollOnSchedule(
  operation: OwnOperation,
  limitMs: number,
  progress: Progress,
  why: string,
  mostMs = RETRY_MS_MAX,
): Action {
  const since = Math.max(time(operation.lastAt), progress.polledAt ?? 0);
  const due = since + backoff(limitMs, progress.polls, mostMs);
  if (progress.now < due) return { type: 'wait', until: due, why };
  return lookup(operation, `${why} past its limit`);
}

export function authorizationOpen(known: Known): boolean {
  return isOpen(statusOf(known, operations.authorization(known.intent.paymentId)));
}

/** The capture of an automatic authorization has no call of its own. */
export function followsAuthorization(operation: OwnOperation, known: Known): boolean {
  return operation.id === operations.automaticCapture(known.intent.paymentId);
}

const CALL: Partial<Record<OwnOperation['kind'], CallName>> = {
  authorization: 'authorize',
  capture: 'capture',
  void: 'cancel',
  refund: 'refund',
  participant_payout: 'pay_out',
  participant_payout_reversal: 'take_back',
};

/** Between the account and a participant: the shopper's money is not moved. */
export function isPassedOn({ kind }: Pick<OwnOperation, 'kind'>): boolean {
  return kind === 'participant_payout' || kind === 'participant_payout_reversal';
}

export function callOf(
  known: Known,
  operation: OwnOperation,
): Omit<Extract<Action, { type: 'call' }>, 'why'> {
  const number = (operation.calls.at(-1)?.number ?? 0) + 1;
  const reason = operation.kind === 'void' ? closeReason(operation) : undefined;
  return {
    type: 'call',
    call: isIncrement(operation, known) ? 'increment' : (CALL[operation.kind] ?? 'cancel'),
    operation: operation.id,
    number,
    ...(reason === undefined ? {} : { reason }),
  };
}

export function closeReason(operation: OwnOperation | undefined): CloseReason | undefined {
  const reasons: readonly CloseReason[] = [
    'declined',
    'abandoned',
    'cancelled',
    'superseded',
    'rest',
    'late_success',
  ];
  return reasons.find((reason) => reason === operation?.reason);
}

export function lookup(operation: OwnOperation, why: string): Action {
  return { type: 'lookup', operation: operation.id, why };
}

export function earliest<T extends Action>(waits: readonly T[]): T | undefined {
  const due = (wait: Action) => (wait.type === 'wait' ? (wait.until ?? Infinity) : Infinity);
  return waits.toSorted((a, b) => due(a) - due(b))[0];
}

export function backoff(firstMs: number, tries: number, mostMs = RETRY_MS_MAX): number {
  return Math.min(firstMs * 2 ** Math.min(Math.max(tries, 0), 20), Math.max(mostMs, firstMs));
}

export function time(at: string): number {
  return Date.parse(at);
}
