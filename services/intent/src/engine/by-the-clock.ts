import { isIncrement } from '../intent/decide-capture.js';
import { factId } from '@paylog/contracts';
import type { GatewayAnswer } from '@paylog/gateways';
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
import { diedInside, time } from './questions.js';

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

/** What follows when a question got no answer: nothing, unless the clock may speak. */
export function concludedFrom(
  known: Known,
  operation: string,
  answer: GatewayAnswer,
  limits: Limits,
  now: Date,
): readonly Outcome[] {
  const at = now.getTime();
  const gone = answer.result === 'not_found' ? notFoundAtGateway(known, operation, at) : [];
  return gone.length > 0 ? gone : validityPassed(known, operation, limits, at);
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
  const last = own?.calls.at(-1);
  if (!own || !last || now - time(last.at) < ON_ITS_WAY_MS) return [];
  // What has an id there does not vanish: then another account was asked, or with the wrong key.
  const { aliases, containerId } = known.intent;
  if (own.kind === 'refund' ? aliases.has(own.id) : containerId !== undefined) return [];
  const reason = 'not_found_at_the_gateway';
  if (own.kind === 'authorization' && !isIncrement(own, known)) {
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
