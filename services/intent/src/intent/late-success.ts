import { operations } from './operations.js';
import { authorizedMinor, isClosed, movedMinor, statusOf, type Known } from './state.js';

/**
 * Money came after all: held or taken by an attempt that was given up, or whose storefront was told that it was refused.
 * Nobody counts on it, unless an operator adopted a payment into it, such as one by a link that support had sent: a person
 * does. False again once it was given back.
 */
export function isLateSuccess(known: Known): boolean {
  const adopted = known.projected?.adoptions !== undefined;
  return !adopted && wasGivenUp(known) && isMoneyIn(known);
}

/** Money came after all, whatever became of it: for those who look at the payment. */
export function hadLateSuccess(known: Known): boolean {
  return wasGivenUp(known) && (isMoneyIn(known) || movedMinor(known, 'capture').done > 0n);
}

const GIVEN_UP: readonly (string | undefined)[] = ['declined', 'abandoned', 'superseded'];

function wasGivenUp(known: Known): boolean {
  const { intent } = known;
  if (!intent.terms || intent.cancel) return false;
  // Won, undone and paid again is a recovery, as long as we leave the attempt open for one.
  const won = statusOf(known, operations.authorization(intent.paymentId)) === 'reversed';
  if (intent.decline && !won) return true;
  return intent.own.some(isGoneAttempt(known)) || wasEndedByUs(known);
}

/** We closed it at the gateway, which agreed that nothing was paid. */
function isGoneAttempt(known: Known) {
  return ({ id, kind, reason }: Known['intent']['own'][number]): boolean => {
    if (kind !== 'void' || !GIVEN_UP.includes(reason)) return false;
    const status = statusOf(known, id);
    const won = known.intent.facts.some(
      (fact) =>
        fact.type === 'operation' && fact.operation === id && fact.reason === 'attempt_succeeded',
    );
    return !won && (status === 'succeeded' || status === 'canceled');
  };
}

/** The gateway showed nothing of it, or it was never called for: said by our clock, and perhaps taken back since. */
function wasEndedByUs({ intent }: Known): boolean {
  const session = operations.session(intent.paymentId);
  return intent.facts.some(
    (fact) =>
      fact.type === 'operation' &&
      fact.operation === session &&
      fact.outcome === 'canceled' &&
      fact.source === 'clock',
  );
}

function isMoneyIn(known: Known): boolean {
  const captured = movedMinor(known, 'capture').done;
  const refunded = movedMinor(known, 'refund').done;
  return captured > refunded || (authorizedMinor(known) > 0n && !isClosed(known));
}
