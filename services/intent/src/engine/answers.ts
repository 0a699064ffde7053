import { factsOf, kindOf, type GatewayAnswer } from '@paylog/gateways';
import { factId } from '@paylog/contracts';
import type { Fact, OperationFact } from '@paylog/payment-domain';
import type { IntentMessage, RefusedOperation } from '../intent/messages.js';
import { operations } from '../intent/operations.js';
import { declined, refusedByGateway, type Refusal } from '../intent/refusals.js';
import type { Intent } from '../intent/state.js';
import { overruled } from './by-the-clock.js';

/** What an answer of the gateway adds to the log: its facts, without those that say nothing new. */
export function messagesOf(intent: Intent, answer: GatewayAnswer): IntentMessage[] {
  const { paymentId } = intent;
  const told = factsOf(answer).map((fact) => asUndone(intent, answer, fact));
  const facts = [
    ...told.filter((fact) => isNew(intent, fact)),
    ...endOfCall(told, answer),
    ...overruled(intent, answer),
  ];
  const messages = facts.map((fact): IntentMessage => ({
    type: 'FactRecorded',
    data: { paymentId, fact },
  }));
  const why = refusalOf(intent, answer, facts);
  return why ? [...messages, refused(intent, answer, why)] : messages;
}

/**
 * The gateway shows as failed what had been won: a debit that came back. Undone, not refused, for a refusal beside a
 * success would contradict it. The answer to the try itself is taken by its word.
 */
function asUndone(intent: Intent, answer: GatewayAnswer, fact: Fact): Fact {
  const { kind: asked, source } = answer.about;
  if (asked === 'authorization' && source === 'response') return fact;
  if (fact.type !== 'operation' || fact.outcome !== 'refused') return fact;
  if (!('payment' in answer) || !answer.payment?.decline) return fact;
  const { operations: known } = intent.payment;
  const won = known.some(
    ({ id, kind, status, aliases }) =>
      kind === fact.kind &&
      status === 'succeeded' &&
      (id === fact.operation || aliases.includes(fact.operation)),
  );
  return won ? { ...fact, id: factId(fact.id, 'reversed'), outcome: 'reversed' } : fact;
}

/**
 * The same thing told again under another id (by a poll, by a second call) leaves nothing. The answer of a call is kept
 * whatever it says: it ends the call.
 */
function isNew(intent: Intent, fact: Fact): boolean {
  return !intent.facts.some((known) => known.id === fact.id || tellsTheSame(known, fact));
}

function tellsTheSame(known: Fact, fact: Fact): boolean {
  if (known.type === 'alias' && fact.type === 'alias') {
    return known.alias === fact.alias && known.target === fact.target;
  }
  if (known.type === 'total' && fact.type === 'total') {
    return known.object === fact.object && known.value.minor === fact.value.minor;
  }
  if (known.type !== 'operation' || fact.type !== 'operation') return false;
  return (
    known.operation === fact.operation &&
    known.outcome === fact.outcome &&
    known.call === fact.call &&
    known.amount?.minor === fact.amount?.minor
  );
}

/** An answered call that no fact names: a cancel of what was never authorized, or an answer we can't read fully. */
function endOfCall(told: readonly Fact[], answer: GatewayAnswer): OperationFact[] {
  const { about, at } = answer;
  if (about.source === 'poll') return [];
  const named = told.some(
    (fact) =>
      fact.type === 'operation' && fact.operation === about.operationId && fact.call === about.call,
  );
  if (named) return [];
  const canceled =
    about.kind === 'void' && 'payment' in answer && answer.payment?.status === 'canceled';
  const outcome = canceled ? 'canceled' : 'unknown';
  return [
    {
      type: 'operation',
      id: factId(about.operationId, outcome, 'call', String(about.call)),
      at,
      source: 'response',
      operation: about.operationId,
      kind: kindOf(about),
      outcome,
      call: about.call,
      reason: canceled ? 'nothing_authorized' : 'answer_without_outcome',
    },
  ];
}

/** Told to the storefront once an operation, in the words it can act on. */
function refusalOf(
  intent: Intent,
  answer: GatewayAnswer,
  facts: readonly Fact[],
): Refusal | undefined {
  const { about } = answer;
  // What goes between us and participants no storefront asked for.
  if (about.kind === 'participant_payout' || about.kind === 'participant_payout_reversal') {
    return undefined;
  }
  const authorization = operations.authorization(intent.paymentId);
  if (answer.result === 'declined') {
    const again = about.operationId === authorization && intent.decline !== undefined;
    return again ? undefined : declined(answer.decline);
  }
  if (answer.result === 'refused' && about.source === 'response' && about.kind !== 'void') {
    return refusedByGateway(answer.reason);
  }
  if (answer.result !== 'answered' || !('payment' in answer) || intent.decline) return undefined;
  // A refusal that was learnt by asking: the shopper failed the redirect, or the answer had been lost.
  const decline = answer.payment.decline;
  // What had been won and came back later is told by its facts: nobody's try was refused.
  const won = intent.payment.operations.some(
    ({ id, status }) => id === authorization && (status === 'succeeded' || status === 'reversed'),
  );
  if (won) return undefined;
  const refusedNow = facts.some(
    (fact) =>
      fact.type === 'operation' && fact.operation === authorization && fact.outcome === 'refused',
  );
  return decline && refusedNow ? declined(decline) : undefined;
}

const OPERATION: Record<string, RefusedOperation> = {
  authorization: 'authorization',
  increment: 'authorization',
  capture: 'capture',
  void: 'void',
  refund: 'refund',
};

function refused(intent: Intent, answer: GatewayAnswer, why: Refusal): IntentMessage {
  const { paymentId, terms } = intent;
  const { about } = answer;
  const learntByAsking = answer.result === 'answered';
  const operation = learntByAsking ? operations.authorization(paymentId) : about.operationId;
  return {
    type: 'IntentRefused',
    data: {
      paymentId,
      storefront: terms?.storefront ?? '',
      orderId: terms?.orderId ?? '',
      attempt: terms?.attempt ?? 1,
      requestId: operation,
      operation: learntByAsking ? 'authorization' : (OPERATION[about.kind] ?? 'authorization'),
      ...why,
    },
  };
}
