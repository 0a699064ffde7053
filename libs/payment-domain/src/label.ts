import { concernsWholeAttempt, type ContainerEnd } from './container.js';
import { isUndecided } from './disputes.js';
import { isOpen } from './doubt.js';
import { counted } from './operations.js';
import type { Label, Operation, Payment } from './payment.js';
import { GATEWAY_RELEASE, type Releases } from './releases.js';

/** What label, `closed` and `final` are derived from. */
export interface View {
  /** With the foreign capture and the gateway's release, voids carrying what they release. */
  readonly operations: readonly Operation[];
  readonly amounts: Payment['amounts'];
  readonly disputes: Payment['disputes'];
  readonly releases: Releases;
  readonly end: ContainerEnd | undefined;
}

/**
 * The attempt can't be paid any more: its container ended, or a void ended it as a whole, or every authorization that
 * was won has been given back, nothing captured, and none is on its way. A refusal alone closes nothing: the shopper
 * may try again in the same container until that ends.
 */
export function isClosed(view: View): boolean {
  const { operations, amounts, releases, end } = view;
  if (end) return true;
  if (releases.left > 0n) return false;
  const voided = operations.some(
    (operation) =>
      operation.kind === 'void' &&
      operation.status === 'succeeded' &&
      operation.id !== GATEWAY_RELEASE &&
      concernsWholeAttempt(operation, operations),
  );
  if (voided) return true;
  const authorizations = operations.filter(({ kind }) => kind === 'authorization');
  const givenBack =
    amounts.voided > 0n || authorizations.some(({ status }) => status === 'expired');
  return (
    givenBack && !tookMoney(operations) && !authorizations.some(({ status }) => isOpen(status))
  );
}

/** The first rule that holds, in the order of `LABELS`; the last one always does. */
export function labelOf(view: View, closed: boolean): Label {
  const { operations, amounts, releases } = view;
  const kept = amounts.captured - amounts.refunded;
  if (kept > 0n && amounts.chargedBack >= kept) return 'charged_back';
  if (amounts.disputed > 0n) return 'disputed';
  if (amounts.refunded > 0n && amounts.refunded >= amounts.captured) return 'refunded';
  if (amounts.refunded > 0n) return 'partially_refunded';
  if (amounts.captured > 0n && releases.left === 0n) return 'captured';
  if (amounts.captured > 0n) return 'partially_captured';
  if (closed) {
    if (amounts.voided > 0n && releases.expired === 0n) return 'voided';
    if (releases.expired > 0n || some(operations, ['authorization'], 'expired')) return 'expired';
    return wasRefused(operations) ? 'failed' : 'canceled';
  }
  if (isAuthorized(view)) return 'authorized';
  return isPending(operations) ? 'pending' : 'initialized';
}

/**
 * Nothing of ours is open, nothing is unresolved, held or in dispute, and the attempt is closed or has taken all it can.
 */
export function isFinal(
  view: View,
  closed: boolean,
  held: boolean,
  unresolved: readonly string[],
): boolean {
  if (held || unresolved.length > 0 || view.releases.left > 0n) return false;
  if (view.amounts.disputed > 0n || view.disputes.some(isUndecided)) return false;
  if (!closed && !tookMoney(view.operations)) return false;
  return !view.operations.some(({ kind, status, foreign }) => {
    if (foreign || kind === 'session' || kind === 'hold' || !isOpen(status)) return false;
    return !(closed && isMoot(kind, status));
  });
}

/** Once the attempt is closed a pending authorization can't be won any more, and there is nothing left to void. */
function isMoot(kind: Operation['kind'], status: Operation['status']): boolean {
  if (kind === 'void') return status === 'requested' || status === 'pending';
  return kind === 'authorization' && status === 'pending';
}

function isAuthorized({ operations, amounts, releases }: View): boolean {
  if (releases.left > 0n) return true;
  // Won, but no amount in the locked currency is known of it.
  return amounts.voided === 0n && some(operations, ['authorization'], 'succeeded');
}

function isPending(operations: readonly Operation[]): boolean {
  return operations.some(({ kind, status }) => {
    // A container that succeeded leaves its money to be reported.
    if (kind === 'session') return status !== 'requested' && status !== 'not_attempted';
    return (
      (kind === 'authorization' || kind === 'capture') && isOpen(status) && status !== 'requested'
    );
  });
}

/** Refused, or accepted and then undone: either way this money did not come. */
function wasRefused(operations: readonly Operation[]): boolean {
  return operations.some(({ kind, status }) => {
    const refused = status === 'refused' || status === 'contradicted' || status === 'reversed';
    return refused && (kind === 'authorization' || kind === 'capture' || kind === 'session');
  });
}

function tookMoney(operations: readonly Operation[]): boolean {
  return operations.some((operation) => operation.kind === 'capture' && counted(operation) > 0n);
}

function some(
  operations: readonly Operation[],
  kinds: readonly Operation['kind'][],
  status: Operation['status'],
): boolean {
  return operations.some((one) => kinds.includes(one.kind) && one.status === status);
}
