import type { OperationFact } from '@paylog/payment-domain';
import { capturedBy } from '../intent/decide.js';
import { operations } from '../intent/operations.js';
import {
  isAuthorized,
  isClosed,
  isOpen,
  movedMinor,
  statusOf,
  type Known,
  type OwnOperation,
} from '../intent/state.js';

/** Times are milliseconds since the epoch, limits milliseconds. */
export interface Limits {
  /** From acceptance until a payment whose shopper never came back is canceled at the gateway. */
  readonly abandonAfterMs: number;
  /** How long an operation may stay pending before we ask. */
  readonly pendingLimitMs: number;
  /** Pause before the first question about an unknown outcome; doubles with each. */
  readonly unknownRetryMs: number;
  /** A repeat with the same key is safe this long after the operation's first call; later only lookups are. */
  readonly repeatWithinMs: number;
}

/** What is known beside the log: the clock, our own bookkeeping (losing it only asks sooner), the account's switch. */
export interface Progress {
  readonly now: number;
  /** Lookups since the last new fact. */
  readonly polls: number;
  readonly polledAt?: number;
  /** Somebody wants to know now. */
  readonly verifyAt?: number;
  /** When a gateway's word about this payment last reached our projection. */
  readonly gatewayToldAt?: number;
  /** Before then nothing is asked: the gateway said so. */
  readonly notBefore?: number;
  readonly accountStopped: boolean;
  /** We still hold the payment method's token. */
  readonly hasPaymentMethod: boolean;
  /** The shopper was told to do something. */
  readonly hasNextAction: boolean;
}

export type CallName = 'authorize' | 'capture' | 'cancel' | 'refund';
/** Why an attempt is closed at the gateway. */
export type CloseReason = 'declined' | 'abandoned' | 'cancelled' | 'superseded';

export type Action =
  | {
      readonly type: 'call';
      readonly call: CallName;
      readonly operation: string;
      readonly number: number;
      readonly why: string;
      /** Of a cancel: kept with the operation, because a repeat with the same key must not differ. */
      readonly reason?: CloseReason;
    }
  | { readonly type: 'lookup'; readonly operation: string; readonly why: string }
  /** Needs no gateway: facts that follow from what is known. */
  | { readonly type: 'record'; readonly outcomes: readonly Outcome[]; readonly why: string }
  /** Ask for a refund of the rest, as an operation of its own. */
  | {
      readonly type: 'refund_rest';
      readonly minor: bigint;
      readonly parent: string;
      readonly ordinal: number;
    }
  | { readonly type: 'wait'; readonly until?: number; readonly why: string }
  | { readonly type: 'done' };

export type Outcome = Pick<OperationFact, 'operation' | 'kind' | 'outcome'> & {
  readonly call?: number;
  readonly reason: string;
};

const RETRY_MS_MAX = 3_600_000;

/**
 * What to do for a payment now: pure, so that a restart resumes by asking again. The order is the precedence: doubt is
 * resolved before anything new is begun, a cancel comes before what it makes unnecessary.
 */
export function nextAction(known: Known, limits: Limits, progress: Progress): Action {
  const { intent } = known;
  if (!intent.terms) return { type: 'done' };
  if (known.projected?.held) return { type: 'wait', why: 'held' };
  const steps = [verify, resolveDoubt, closeOrCancel, beginCalls, askWhatIsPending];
  const waits: Extract<Action, { type: 'wait' }>[] = [];
  for (const step of steps) {
    const action = step(known, limits, progress);
    if (action?.type === 'wait') waits.push(action);
    else if (action) return notTooEarly(action, progress);
  }
  return earliest(waits) ?? { type: 'done' };
}

type Step = (known: Known, limits: Limits, progress: Progress) => Action | undefined;

/** Asked for by a person or a returning shopper: one lookup, whatever the schedule. */
const verify: Step = (known, _limits, progress) => {
  if (progress.verifyAt === undefined || progress.verifyAt <= (progress.polledAt ?? 0))
    return undefined;
  const inDoubt = known.intent.own.filter(
    (operation) => operation.calls.length > 0 && isOpen(statusOf(known, operation.id)),
  );
  const about = inDoubt.find((operation) => !followsAuthorization(operation, known)) ?? inDoubt[0];
  return about && lookup(about, 'verification asked for');
};

/** A call without an answer, or with the answer `unknown`: money may have moved. */
const resolveDoubt: Step = (known, limits, progress) => {
  const waits: Action[] = [];
  for (const operation of known.intent.own) {
    if (!isDoubtful(known, operation)) continue;
    const action =
      statusOf(known, operation.id) === 'contradicted'
        ? pollOnSchedule(operation, limits.pendingLimitMs, progress, 'contradicted')
        : resolve(known, operation, limits, progress);
    if (action.type !== 'wait') return action;
    waits.push(action);
  }
  return earliest(waits);
};

function isDoubtful(known: Known, operation: OwnOperation): boolean {
  if (followsAuthorization(operation, known) || operation.calls.length === 0) return false;
  const status = statusOf(known, operation.id);
  if (status === 'unknown' || status === 'contradicted') return true;
  return status === 'requested' && diedInside(operation);
}

/** A call was written down and its answer never was. */
function diedInside(operation: OwnOperation): boolean {
  return operation.calls.at(-1)?.answered === false;
}

function resolve(
  known: Known,
  operation: OwnOperation,
  limits: Limits,
  progress: Progress,
): Action {
  const asked = operation.calls.length + progress.polls;
  // Nobody waits for the answer any more, so ask at once.
  const pause = diedInside(operation) ? 0 : backoff(limits.unknownRetryMs, asked - 1);
  const due = Math.max(time(operation.lastAt), progress.polledAt ?? 0) + pause;
  if (progress.now < due) return { type: 'wait', until: due, why: 'unknown outcome' };
  const firstCall = operation.calls[0];
  const repeatable =
    firstCall !== undefined &&
    progress.now - time(firstCall.at) < limits.repeatWithinMs &&
    (operation.kind !== 'authorization' || progress.hasPaymentMethod);
  // The same key answers best, but repeats a stored 500 for ever (Stripe, v1): every third question is a lookup.
  if (repeatable && asked % 3 !== 0) {
    return { ...callOf(operation), why: 'same key again for an unknown outcome' };
  }
  return lookup(operation, 'unknown outcome');
}

/** Ends an attempt: because the order was cancelled, its payment method refused, or its shopper gone. */
const closeOrCancel: Step = (known, limits, progress) => {
  const { intent } = known;
  const authorization = statusOf(known, operations.authorization(intent.paymentId));
  if (intent.own.some((operation) => isDoubtful(known, operation))) return undefined;
  if (intent.cancel) {
    const action = cancel(known, limits, progress);
    if (action) return action;
  }
  if (isClosed(known)) return endWhatCannotHappen(known);
  if (isSuperseded(known)) return supersede(known, limits, progress);
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
  if (isClosed(known)) return undefined;
  const capturing = known.intent.own.some(
    (own) => own.kind === 'capture' && own.calls.length > 0 && isOpen(statusOf(known, own.id)),
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

function neverStarted(known: Known, reason: string): Outcome[] {
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
  const reason = 'not_found_at_the_gateway';
  if (own.kind === 'authorization') {
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

/** Operations that were asked for and not yet begun. */
const beginCalls: Step = (known, _limits, progress) => {
  for (const operation of known.intent.own) {
    if (operation.kind === 'void' || followsAuthorization(operation, known)) continue;
    if (statusOf(known, operation.id) !== 'requested' || diedInside(operation)) continue;
    if (operation.kind === 'capture' && !isAuthorized(known)) continue;
    if (progress.accountStopped) return { type: 'wait', why: 'gateway account stopped' };
    if (operation.kind === 'authorization' && !progress.hasPaymentMethod) {
      const outcomes = neverStarted(known, 'payment_method_lost');
      return { type: 'record', outcomes, why: 'payment method lost before the first call' };
    }
    return { ...callOf(operation), why: 'requested' };
  }
  return undefined;
};

/** Pending is the gateway's to end; we ask when it told somebody, and when it takes too long. */
const askWhatIsPending: Step = (known, limits, progress) => {
  const waits: Action[] = [];
  for (const operation of known.intent.own) {
    if (statusOf(known, operation.id) !== 'pending') continue;
    if (followsAuthorization(operation, known) && authorizationOpen(known)) continue;
    if ((progress.gatewayToldAt ?? 0) > Math.max(progress.polledAt ?? 0, time(operation.lastAt))) {
      return lookup(operation, 'the gateway told of a change');
    }
    const action = pollOnSchedule(operation, limits.pendingLimitMs, progress, 'pending');
    if (action.type !== 'wait') return action;
    waits.push(action);
  }
  return earliest(waits.filter((each) => each.type === 'wait'));
};

function pollOnSchedule(
  operation: OwnOperation,
  limitMs: number,
  progress: Progress,
  why: string,
): Action {
  const since = Math.max(time(operation.lastAt), progress.polledAt ?? 0);
  const due = since + backoff(limitMs, progress.polls);
  if (progress.now < due) return { type: 'wait', until: due, why };
  return lookup(operation, `${why} past its limit`);
}

function authorizationOpen(known: Known): boolean {
  return isOpen(statusOf(known, operations.authorization(known.intent.paymentId)));
}

/** The capture of an automatic authorization has no call of its own. */
function followsAuthorization(operation: OwnOperation, known: Known): boolean {
  return operation.id === operations.automaticCapture(known.intent.paymentId);
}

const CALL: Partial<Record<OwnOperation['kind'], CallName>> = {
  authorization: 'authorize',
  capture: 'capture',
  void: 'cancel',
  refund: 'refund',
};

function callOf(operation: OwnOperation): Omit<Extract<Action, { type: 'call' }>, 'why'> {
  const number = (operation.calls.at(-1)?.number ?? 0) + 1;
  const reason = operation.kind === 'void' ? closeReason(operation) : undefined;
  return {
    type: 'call',
    call: CALL[operation.kind] ?? 'cancel',
    operation: operation.id,
    number,
    ...(reason === undefined ? {} : { reason }),
  };
}

function closeReason(operation: OwnOperation | undefined): CloseReason | undefined {
  const reasons: readonly CloseReason[] = ['declined', 'abandoned', 'cancelled', 'superseded'];
  return reasons.find((reason) => reason === operation?.reason);
}

function lookup(operation: OwnOperation, why: string): Action {
  return { type: 'lookup', operation: operation.id, why };
}

function notTooEarly(action: Action, progress: Progress): Action {
  if (action.type !== 'call' && action.type !== 'lookup') return action;
  if (progress.notBefore === undefined || progress.now >= progress.notBefore) return action;
  return { type: 'wait', until: progress.notBefore, why: 'the gateway asked us to slow down' };
}

function earliest(waits: readonly Action[]): Action | undefined {
  const due = (wait: Action) => (wait.type === 'wait' ? (wait.until ?? Infinity) : Infinity);
  return waits.toSorted((a, b) => due(a) - due(b))[0];
}

function backoff(firstMs: number, tries: number): number {
  return Math.min(firstMs * 2 ** Math.min(Math.max(tries, 0), 20), Math.max(RETRY_MS_MAX, firstMs));
}

function time(at: string): number {
  return Date.parse(at);
}
