import { isIncrement } from '../intent/decide-capture.js';
import { factId } from '@paylog/contracts';
import type { GatewayAnswer, ObservedPayment } from '@paylog/gateways';
import type { OperationFact, RetractionFact } from '@paylog/payment-domain';
import { operations } from '../intent/operations.js';
import {
  isAuthorized,
  isClosed,
  isOpen,
  leftMinor,
  statusOf,
  type Intent,
  type Known,
  type OwnOperation,
} from '../intent/state.js';
import type { Limits, Outcome } from './action.js';
import { diedInside, isPassedOn, time } from './questions.js';

/** What was asked for and never begun, and with it the attempt. */
export function neverStarted(known: Known, reason: string): Outcome[] {
  const idle = known.intent.own.filter(
    (own) => statusOf(known, own.id) === 'requested' && !diedInside(own),
  );
  return [
    ...idle.flatMap((operation) => endOf(operation, reason)),
    ...sessionCanceled(known.intent.paymentId, reason),
  ];
}

/** What follows from a question beside the facts in its answer: something only where the clock may speak. */
export function concludedFrom(
  known: Known,
  operation: string,
  answer: GatewayAnswer,
  limits: Limits,
  now: Date,
): readonly Outcome[] {
  const at = now.getTime();
  if (answer.result === 'answered') {
    return 'payment' in answer ? notShown(known, operation, answer.payment, at) : [];
  }
  const gone = answer.result === 'not_found' ? notFoundAtGateway(known, operation, at) : [];
  return gone.length > 0 ? gone : validityPassed(known, operation, limits, at);
}

/**
 * The gateway shows the payment still open, and other operations explain every cent of it: long after its last call, ours
 * did not arrive. Where cents are left over it may be the one that took them, and nothing is concluded.
 */
function notShown(
  known: Known,
  operation: string,
  payment: ObservedPayment,
  now: number,
): readonly Outcome[] {
  const own = known.intent.own.find(({ id }) => id === operation);
  if (!own || payment.status !== 'requires_capture' || !isLongAgo(own, now)) return [];
  const status = statusOf(known, operation);
  if (status !== 'unknown' && status !== 'requested') return [];
  if (own.kind === 'capture') {
    const { captured, ours } = payment;
    return explained(known, own, 'capture', ours.captures, captured.minor) ? notBegun(own) : [];
  }
  if (!isIncrement(own, known)) return [];
  const first = known.intent.terms?.amount.minor ?? 0n;
  const added = payment.amount.minor - first;
  return explained(known, own, 'authorization', payment.ours.increments, added)
    ? notBegun(own)
    : [];
}

/** By what the gateway wrote down of ours, or by what our log knows to have been done. */
function explained(
  known: Known,
  own: OwnOperation,
  kind: OwnOperation['kind'],
  written: ObservedPayment['ours']['captures'],
  minor: bigint,
): boolean {
  if (written.some(({ operationId }) => operationId === own.id)) return false;
  const others = known.intent.own.filter(
    (other) =>
      other.kind === kind &&
      other.id !== operations.authorization(known.intent.paymentId) &&
      statusOf(known, other.id) === 'succeeded',
  );
  const shown = written.reduce((sum, one) => sum + one.minor, 0n);
  const done = others.reduce((sum, { asked }) => sum + (asked?.minor ?? 0n), 0n);
  return shown === minor || done === minor;
}

/** How long a gateway that can't be asked is asked, before an authorization is taken for expired. */
const UNHEARD_MS = 86_400_000;

function validityPassed(
  known: Known,
  operation: string,
  limits: Limits,
  now: number,
): readonly Outcome[] {
  if (operation !== operations.authorization(known.intent.paymentId)) return [];
  if (isClosed(known) || now < validUntil(known, limits) + UNHEARD_MS) return [];
  return [{ operation, kind: 'authorization', outcome: 'expired', reason: 'validity_passed' }];
}

/** When what is held and not captured may have run out; Infinity where nothing is held. */
export function validUntil(known: Known, limits: Limits): number {
  const { paymentId, facts } = known.intent;
  const operation = operations.authorization(paymentId);
  const opening = known.intent.own.find(({ id }) => id === operation);
  const expired = endedByTheClockAt(known.intent) !== undefined;
  if (!opening || !isAuthorized(known) || (!expired && leftMinor(known) <= 0n)) return Infinity;
  const won = facts.find(
    (fact) =>
      fact.type === 'operation' && fact.operation === operation && fact.outcome === 'succeeded',
  );
  return time(won?.at ?? opening.calls[0]?.at ?? opening.requestedAt) + limits.authorizationValidMs;
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
  if (!own || !isLongAgo(own, now)) return [];
  // What has an id there does not vanish: then another account was asked, or with the wrong key.
  const { aliases, containerId } = known.intent;
  const hasOwnId = own.kind === 'refund' || isPassedOn(own);
  if (hasOwnId ? aliases.has(own.id) : containerId !== undefined) return [];
  const reason = 'not_found_at_the_gateway';
  if (own.kind === 'authorization' && !isIncrement(own, known)) {
    const open = known.intent.own.filter((each) => isOpen(statusOf(known, each.id)));
    return [
      ...open.flatMap((each) => endOf(each, reason)),
      ...sessionCanceled(known.intent.paymentId, reason),
    ];
  }
  return notBegun(own);
}

function isLongAgo({ calls }: OwnOperation, now: number): boolean {
  const last = calls.at(-1);
  return last !== undefined && now - time(last.at) >= ON_ITS_WAY_MS;
}

/** It is begun again, under the same id. */
function notBegun({ id, kind, calls }: OwnOperation): Outcome[] {
  const reason = 'not_found_at_the_gateway';
  return calls.map(({ number }) => ({
    operation: id,
    kind,
    outcome: 'not_attempted',
    call: number,
    reason,
  }));
}

export function endOf(operation: OwnOperation, reason: string): Outcome[] {
  const { id, kind } = operation;
  return [{ operation: id, kind, outcome: 'canceled', reason }];
}

function sessionCanceled(paymentId: string, reason: string): Outcome[] {
  const operation = operations.session(paymentId);
  return [{ operation, kind: 'session', outcome: 'canceled', reason }];
}

/**
 * What our clock said of the attempt as a whole and the gateway now contradicts by showing the payment alive: taken back,
 * for what only the clock says holds until anybody else speaks.
 */
export function overruled(intent: Intent, answer: GatewayAnswer): readonly RetractionFact[] {
  if (!('payment' in answer) || answer.payment === undefined) return [];
  if (answer.payment.status === 'canceled') return [];
  const { at, about } = answer;
  return standingClockFacts(intent).map(({ id }) => ({
    type: 'retraction',
    id: factId('retraction', id),
    at,
    source: about.source,
    retracts: id,
    reason: 'alive_at_the_gateway',
  }));
}

/** When our clock ended the attempt, as far as nobody contradicted; undefined where it did not. */
export function endedByTheClockAt(intent: Intent): number | undefined {
  const [first] = standingClockFacts(intent);
  return first && time(first.at);
}

function standingClockFacts(intent: Intent): OperationFact[] {
  const { paymentId } = intent;
  const attempt: readonly string[] = [
    operations.session(paymentId),
    operations.authorization(paymentId),
    operations.automaticCapture(paymentId),
  ];
  const retracted = new Set(
    intent.facts.flatMap((fact) => (fact.type === 'retraction' ? [fact.retracts] : [])),
  );
  return intent.facts.filter(
    (fact): fact is OperationFact =>
      fact.type === 'operation' &&
      fact.source === 'clock' &&
      attempt.includes(fact.operation) &&
      (fact.outcome === 'canceled' || fact.outcome === 'expired') &&
      !retracted.has(fact.id),
  );
}
