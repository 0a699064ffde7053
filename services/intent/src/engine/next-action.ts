import { isIncrement } from '../intent/decide-capture.js';
import { MORE_FOLLOW } from '../intent/decision.js';
import { operations } from '../intent/operations.js';
import { heldByDisputes } from '../intent/refundable.js';
import {
  isAuthorized,
  isClosed,
  isOpen,
  type Known,
  movedMinor,
  type OwnOperation,
  statusOf,
} from '../intent/state.js';
import type { Action, Limits, Progress, Step } from './action.js';
import { endedByTheClockAt, neverStarted, validUntil } from './by-the-clock.js';
import { closeOrCancel } from './closing.js';
import { reasonToGiveBack } from './giving-back.js';
import { passSharesOn } from './participant-payouts.js';
import {
  authorizationOpen,
  backoff,
  callOf,
  diedInside,
  earliest,
  followsAuthorization,
  isDoubtful,
  isPassedOn,
  PENDING_MS_MAX,
  lookup,
  pollOnSchedule,
  time,
} from './questions.js';

type Wait = Extract<Action, { type: 'wait' }>;

/** Waiting for the storefront, not for us. */
const HELD = 'held for a capture';

/**
 * What to do for a payment now: pure, so that a restart resumes by asking again. The order is the precedence: doubt is
 * resolved before anything new is begun, a cancel comes before what it makes unnecessary.
 */
export function nextAction(known: Known, limits: Limits, progress: Progress): Action {
  const { intent } = known;
  if (!intent.terms) return { type: 'done' };
  if (isHeldFromAll(known)) return { type: 'wait', why: 'held' };
  const steps = [
    verify,
    askAfterTheClock,
    resolveDoubt,
    closeOrCancel,
    beginCalls,
    passSharesOn,
    askWhatIsPending,
    askWhetherItHolds,
  ];
  const waits: Wait[] = [];
  for (const step of steps) {
    const action = step(known, limits, progress);
    if (action?.type === 'wait') waits.push(action);
    else if (action) return notTooEarly(action, progress);
  }
  return together(waits) ?? { type: 'done' };
}

/** The first of several waits; that for a storefront to capture is no reason where there is another. */
function together(waits: readonly Wait[]): Wait | undefined {
  const ours = earliest(waits.filter(({ why }) => why !== HELD));
  const first = earliest(waits);
  return ours && first ? { ...first, why: ours.why } : first;
}

/** What is known may be wrong while a message of it is parked. A review keeps us from taking money, and from no more. */
function isHeldFromAll({ projected }: Known): boolean {
  if (!projected?.held) return false;
  const holds = projected.operations.filter(
    ({ kind, status }) => kind === 'hold' && isOpen(status),
  );
  return holds.length === 0 || holds.some(({ reason }) => reason !== REVIEW);
}

const REVIEW = 'review';

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

/** We had ended the attempt without the gateway's word, and now it told somebody of a change: what is it there? */
const askAfterTheClock: Step = ({ intent }, _limits, { gatewayToldAt = 0, polledAt = 0 }) => {
  const ended = endedByTheClockAt(intent);
  if (ended === undefined || gatewayToldAt <= Math.max(ended, polledAt)) return undefined;
  const opening = intent.own.find(({ id }) => id === operations.authorization(intent.paymentId));
  if (!opening || opening.calls.length === 0) return undefined;
  return lookup(opening, 'the gateway told of an attempt that we had given up');
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

function resolve(
  known: Known,
  operation: OwnOperation,
  limits: Limits,
  progress: Progress,
): Action {
  const asked = operation.calls.length + progress.polls;
  // Nobody waits for the answer any more, so ask at once; but once.
  const died = operation.calls.at(-1)?.answered === false && progress.polls === 0;
  const pause = died ? 0 : backoff(limits.unknownRetryMs, asked - 1);
  const due = Math.max(time(operation.lastAt), progress.polledAt ?? 0) + pause;
  if (progress.now < due) return { type: 'wait', until: due, why: 'unknown outcome' };
  const firstCall = operation.calls[0];
  const fresh =
    firstCall !== undefined && progress.now - time(firstCall.at) < limits.repeatWithinMs;
  // A cancel takes nothing, and done twice it is the same: asked about first, it is repeated for ever. What another
  // repeat would do in place of a lost call, a stopped account must not.
  const repeatable =
    operation.kind === 'void'
      ? fresh || progress.polls > 0
      : fresh &&
        !progress.accountStopped &&
        (!opensAttempt(known, operation) || progress.hasPaymentMethod);
  // The same key answers best, but repeats a stored 500 for ever (Stripe, v1): every third question is a lookup.
  if (repeatable && asked % 3 !== 0) {
    return { ...callOf(known, operation), why: 'same key again for an unknown outcome' };
  }
  return lookup(operation, 'unknown outcome');
}

/** Operations that were asked for and not yet begun. */
const beginCalls: Step = (known, limits, progress) => {
  const reviewed = known.projected?.held === true;
  const givingBack = reasonToGiveBack(known, limits) !== undefined;
  for (const operation of known.intent.own) {
    if (operation.kind === 'void' || isPassedOn(operation)) continue;
    if (followsAuthorization(operation, known)) continue;
    if (statusOf(known, operation.id) !== 'requested' || diedInside(operation)) continue;
    // Of a cancelled order no money is taken any more, also while its cancel is in doubt.
    if (givingBack && operation.kind !== 'refund') continue;
    const opens = opensAttempt(known, operation);
    if ((operation.kind === 'capture' || isIncrement(operation, known)) && !isAuthorized(known)) {
      continue;
    }
    if (waitsForOthers(known, operation)) continue;
    // Authorized by a webhook's word, while our own answer is still in doubt: that is asked for first.
    if (!opens && known.intent.containerId === undefined) continue;
    if (progress.accountStopped) return { type: 'wait', why: 'gateway account stopped' };
    if (reviewed && operation.kind === 'capture') return { type: 'wait', why: 'under review' };
    const disputed = operation.kind === 'refund' ? heldBack(known, operation) : undefined;
    if (disputed) return disputed;
    if (opens && !progress.hasPaymentMethod) {
      const outcomes = neverStarted(known, 'payment_method_lost');
      return { type: 'record', outcomes, why: 'payment method lost before the first call' };
    }
    return { ...callOf(known, operation), why: 'requested' };
  }
  return undefined;
};

/** A dispute came between a refund and its call: what it took for good ends the refund, what may come back delays it. */
function heldBack(known: Known, { id, asked }: OwnOperation): Action | undefined {
  const { chargedBack, disputed } = heldByDisputes(known);
  const left = movedMinor(known, 'capture').done - movedMinor(known, 'refund').done;
  const minor = asked?.minor ?? 0n;
  if (chargedBack > 0n && minor > left - chargedBack) {
    const over = {
      operation: id,
      kind: 'refund',
      outcome: 'canceled',
      reason: 'charged_back',
    } as const;
    return { type: 'record', outcomes: [over], why: 'a lost dispute gave this money back' };
  }
  return disputed > 0n && minor > left - chargedBack - disputed
    ? { type: 'wait', why: 'disputed' }
    : undefined;
}

/** The first authorization: it needs the payment method, all others the container that it opened. */
function opensAttempt(known: Known, operation: OwnOperation): boolean {
  return operation.kind === 'authorization' && !isIncrement(operation, known);
}

/** The last capture lets go of the rest, so what was asked for before it must be over at the gateway. */
function waitsForOthers(known: Known, { id, kind, reason }: OwnOperation): boolean {
  if (kind !== 'capture' || reason === MORE_FOLLOW) return false;
  return known.intent.own.some(
    (other) =>
      other.id !== id &&
      (other.kind === 'capture' || isIncrement(other, known)) &&
      isOpen(statusOf(known, other.id)),
  );
}

/**
 * To be ended by the gateway. The capture of an automatic authorization has no call to be in doubt of: with the
 * authorization won by others' word it may be done too, under a name that nobody has told us.
 */
function isTheGateways(known: Known, operation: OwnOperation): boolean {
  const status = statusOf(known, operation.id);
  if (!followsAuthorization(operation, known)) return status === 'pending';
  return isOpen(status) && !authorizationOpen(known) && isAuthorized(known);
}

/** Pending is the gateway's to end; we ask when it told somebody, and when it takes too long. */
const askWhatIsPending: Step = (known, limits, progress) => {
  const waits: Action[] = [];
  for (const operation of known.intent.own) {
    if (!isTheGateways(known, operation)) continue;
    if ((progress.gatewayToldAt ?? 0) > Math.max(progress.polledAt ?? 0, time(operation.lastAt))) {
      return lookup(operation, 'the gateway told of a change');
    }
    const { pendingLimitMs } = limits;
    const action = pollOnSchedule(operation, pendingLimitMs, progress, 'pending', PENDING_MS_MAX);
    if (action.type !== 'wait') return action;
    waits.push(action);
  }
  return earliest(waits.filter((each) => each.type === 'wait'));
};

/**
 * What is held runs out, and not every gateway says so. Past its time the gateway is asked; also what our clock took for
 * expired, until the gateway itself is heard.
 */
const askWhetherItHolds: Step = (known, limits, progress) => {
  const { intent } = known;
  const unheard = endedByTheClockAt(intent) !== undefined;
  if (isClosed(known) && !unheard) return undefined;
  const session = statusOf(known, operations.session(intent.paymentId));
  if (unheard && session !== 'none' && !isOpen(session)) return undefined;
  const until = validUntil(known, limits);
  if (until === Infinity) return undefined;
  if (progress.now < until) return { type: 'wait', until, why: HELD };
  const opening = intent.own.find(({ id }) => id === operations.authorization(intent.paymentId));
  const { polls, polledAt = 0 } = progress;
  const due =
    polledAt < until ? until : polledAt + backoff(limits.pendingLimitMs, polls, PENDING_MS_MAX);
  if (progress.now < due) return { type: 'wait', until: due, why: HELD };
  return opening && lookup(opening, 'held past its validity');
};

function notTooEarly(action: Action, progress: Progress): Action {
  if (action.type !== 'call' && action.type !== 'lookup') return action;
  if (progress.notBefore === undefined || progress.now >= progress.notBefore) return action;
  return { type: 'wait', until: progress.notBefore, why: 'the gateway asked us to slow down' };
}
