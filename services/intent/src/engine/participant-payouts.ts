import {
  counted,
  FOREIGN_CAPTURE,
  leftToCapture,
  netOf,
  sharesOf,
  type Payment,
  type Share,
} from '@paylog/payment-domain';
import { MORE_FOLLOW } from '../intent/decision.js';
import { operations } from '../intent/operations.js';
import { isOpen, movedMinor, statusOf, type Known, type OwnOperation } from '../intent/state.js';
import type { Action, Limits, Progress, Step } from './action.js';
import { endOf } from './by-the-clock.js';
import { reasonToGiveBack } from './giving-back.js';
import { callOf, diedInside, earliest, isPassedOn, time } from './questions.js';

/** Why a share is not where it belongs: listed as stuck, also of a payment that is final. */
export const PARTICIPANT_UNKNOWN = 'a participant has no account at the gateway';
export const PARTICIPANT_REFUSED = 'a participant’s payout was refused';
export const PARTICIPANT_OVERPAID = 'a participant was paid more than is theirs, and not by us';

/** From the pause after a first refusal it doubles up to this. */
const RETRY_MS_MAX = 7 * 86_400_000;
/** How often it is looked whether the configuration names a participant by now. */
const UNREACHED_MS = 3_600_000;

/**
 * Passes on what participants have in a payment, as soon as payment-state tells of it, and takes back what they were paid
 * and is no longer theirs. Always the difference of the whole: what is theirs, less what they got. One thing at a time a
 * participant, so that nothing is paid while it is in doubt what was.
 */
export const passSharesOn: Step = (known, limits, progress) => {
  const { projected, intent } = known;
  if (!intent.terms?.splits || !projected || !progress.reaches) return undefined;
  const waits: Action[] = [];
  for (const { by, participant } of sharesOf(projected)) {
    if (by !== 'participant' || participant === undefined) continue;
    const action = forParticipant(participant, projected, { known, limits, progress });
    if (action?.type === 'wait') waits.push(action);
    else if (action) return action;
  }
  return earliest(waits);
};

interface Situation {
  readonly known: Known;
  readonly limits: Limits;
  readonly progress: Progress;
}

function forParticipant(
  participant: string,
  projected: Payment,
  situation: Situation,
): Action | undefined {
  const { known } = situation;
  const own = known.intent.own.filter(
    (each) => isPassedOn(each) && each.participant === participant,
  );
  const open = own.find(({ id }) => isOpen(statusOf(known, id)));
  if (open) return begin(open, situation);
  const paid = paidTo(participant, own, situation);
  const refunds = movedMinor(known, 'refund');
  const theirs = shareOf(participant, projected, refunds.done);
  if (paid > netOf(theirs)) return takeBack(participant, own, paid - netOf(theirs), situation);
  // Not what may still go back: refunds on their way, and what disputes hold.
  const safe = shareOf(participant, projected, refunds.done + refunds.open);
  const due = netOf(safe) - safe.disputed - paid;
  return due > 0n ? payOut(participant, own, due, situation) : undefined;
}

/** Payment-state may not have heard of the last refunds that our own log has. */
function shareOf(participant: string, payment: Payment, refunded: bigint): Share {
  const amounts = { ...payment.amounts, refunded };
  const shares = sharesOf({ ...payment, amounts });
  const share = shares.find((each) => each.participant === participant);
  if (!share) throw new Error(`${participant} has no share`);
  return share;
}

/** By our own log, and what others passed on and took back at the gateway. */
function paidTo(participant: string, own: readonly OwnOperation[], { known }: Situation): bigint {
  const names = new Set([...known.intent.aliases.values()].flat());
  const others = (known.projected?.operations ?? []).filter(
    (each) => each.participant === participant && each.foreign && !names.has(each.id),
  );
  const ours = own
    .filter(({ id }) => statusOf(known, id) === 'succeeded')
    .map(({ kind, asked }) => ({ kind, minor: asked?.minor ?? 0n }));
  return [...ours, ...others.map((each) => ({ kind: each.kind, minor: counted(each) }))].reduce(
    (sum, { kind, minor }) => (kind === 'participant_payout' ? sum + minor : sum - minor),
    0n,
  );
}

/** What was asked for and not begun; what is in doubt is asked about like any other call. */
function begin(
  operation: OwnOperation,
  { known, limits, progress }: Situation,
): Action | undefined {
  if (statusOf(known, operation.id) !== 'requested' || diedInside(operation)) return undefined;
  const paysOut = operation.kind === 'participant_payout';
  const reason = paysOut ? reasonToGiveBack(known, limits) : undefined;
  if (reason) {
    return { type: 'record', outcomes: endOf(operation, reason), why: 'all of it goes back' };
  }
  if (paysOut && progress.accountStopped) return { type: 'wait', why: 'gateway account stopped' };
  return { ...callOf(known, operation), why: 'requested' };
}

function payOut(
  participant: string,
  own: readonly OwnOperation[],
  minor: bigint,
  { known, limits, progress }: Situation,
): Action | undefined {
  if (reasonToGiveBack(known, limits)) return undefined;
  if (known.projected?.held === true) return { type: 'wait', why: 'under review' };
  if (progress.accountStopped) return { type: 'wait', why: 'gateway account stopped' };
  if (progress.reaches?.(participant) !== true) {
    const until = progress.now + UNREACHED_MS;
    return { type: 'wait', until, why: PARTICIPANT_UNKNOWN };
  }
  const payouts = own.filter(({ kind }) => kind === 'participant_payout');
  const wait = afterRefusals(payouts, known, limits, progress);
  if (wait) return wait;
  const { paymentId } = known.intent;
  const source = sourceOf(known);
  return {
    type: 'request',
    kind: 'participant_payout',
    operation: operations.payout(paymentId, participant, payouts.length + 1),
    participant,
    minor,
    ...(source === undefined ? {} : { parent: source }),
  };
}

/** From the last payout that has something left; the rest from the one before it, as an operation of its own. */
function takeBack(
  participant: string,
  own: readonly OwnOperation[],
  excess: bigint,
  { known, limits, progress }: Situation,
): Action {
  const reversals = own.filter(({ kind }) => kind === 'participant_payout_reversal');
  const wait = afterRefusals(reversals, known, limits, progress);
  if (wait) return wait;
  for (const payout of own.toReversed()) {
    const left = leftOf(payout, reversals, known);
    if (left <= 0n) continue;
    return {
      type: 'request',
      kind: 'participant_payout_reversal',
      operation: operations.payoutReversal(
        known.intent.paymentId,
        participant,
        reversals.length + 1,
      ),
      participant,
      minor: left < excess ? left : excess,
      parent: payout.id,
    };
  }
  return { type: 'wait', why: PARTICIPANT_OVERPAID };
}

function leftOf(payout: OwnOperation, reversals: readonly OwnOperation[], known: Known): bigint {
  const done = ({ id }: OwnOperation) => statusOf(known, id) === 'succeeded';
  if (payout.kind !== 'participant_payout' || !done(payout)) return 0n;
  return reversals
    .filter((each) => each.parent === payout.id && done(each))
    .reduce((left, { asked }) => left - (asked?.minor ?? 0n), payout.asked?.minor ?? 0n);
}

/** A refusal may pass (no balance yet, an account to be opened again): tried under another key, less and less often. */
function afterRefusals(
  tries: readonly OwnOperation[],
  known: Known,
  limits: Limits,
  progress: Progress,
): Action | undefined {
  const succeeded = tries.findLastIndex(({ id }) => statusOf(known, id) === 'succeeded');
  const refused = tries.slice(succeeded + 1);
  const last = refused.at(-1);
  if (!last) return undefined;
  const doubled = limits.pendingLimitMs * 2 ** Math.min(refused.length - 1, 30);
  const pause = Math.min(doubled, RETRY_MS_MAX);
  const until = time(last.lastAt) + pause;
  if (progress.now >= until) return undefined;
  return { type: 'wait', until, why: PARTICIPANT_REFUSED };
}

/**
 * The gateway's id of the one authorization whose money this is, which need not have arrived then. Undefined where it is
 * captured in several parts, for which a gateway may not take it: then what the account has must do.
 */
function sourceOf({ intent, projected }: Known): string | undefined {
  if (!projected || leftToCapture(projected) > 0n) return undefined;
  if (intent.own.some(({ kind, reason }) => kind === 'capture' && reason === MORE_FOLLOW)) {
    return undefined;
  }
  const captures = projected.operations.filter(
    (each) => each.kind === 'capture' && counted(each) > 0n,
  );
  const [capture] = captures;
  if (captures.length !== 1 || capture === undefined || capture.id === FOREIGN_CAPTURE) {
    return undefined;
  }
  const from = projected.operations.find(
    ({ kind, id }) => kind === 'authorization' && id === capture.parent,
  );
  return from?.foreign === true ? from.id : from?.aliases[0];
}
