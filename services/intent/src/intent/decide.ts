import { canonicalJson, factId, toWireSplits } from '@paylog/contracts';
import type { Splits, TermsFact } from '@paylog/payment-domain';
import { capture, increment, voidAll } from './decide-capture.js';
import { refund } from './decide-refund.js';
import {
  orderName,
  recorded,
  refuse,
  requested,
  type Decision,
  type Situation,
} from './decision.js';
import type { IntentMessage } from './messages.js';
import { operations } from './operations.js';
import { refusal } from './refusals.js';
import type { CancelRequest, IntentRequest, PlaceRequest } from './requests.js';
import { isAuthorized, isClosed, isOpen, movedMinor, statusOf, type Known } from './state.js';

/**
 * Accept, refuse, or recognise a storefront's request. The order of the checks is the precedence of the reasons:
 * `precedence.spec.ts` pins it.
 */
export function decide(request: IntentRequest, situation: Situation): Decision {
  if (situation.known.intent.handled.has(request.id)) return { type: 'duplicate' };
  switch (request.type) {
    case 'place':
      return place(request, situation);
    case 'capture':
      return capture(request, situation.known);
    case 'increment':
      return increment(request, situation.known);
    case 'cancel':
      return cancel(request, situation.known);
    case 'void':
      return voidAll(request, situation.known);
    case 'refund':
      return refund(request, situation.known);
  }
}

function place(request: PlaceRequest, situation: Situation): Decision {
  const { intent } = situation.known;
  if (intent.terms) return samePlace(request, intent.terms);
  if (intent.cancel) return refuse(request, refusal('order_cancelled'));
  const { previous } = situation;
  if (request.attempt > 1) {
    if (!previous?.intent.terms)
      return refuse(request, refusal('previous_attempt_unknown', 'attempt'));
    if (hasSucceeded(previous)) return refuse(request, refusal('previous_attempt_succeeded'));
  }
  if (situation.accountStopped) return refuse(request, refusal('gateway_account_stopped'));
  if (previous && !isClosed(previous)) {
    const on = previous.intent.paymentId;
    return { type: 'early', refusal: refusal('previous_attempt_open'), on };
  }
  return { type: 'accepted', messages: accept(request) };
}

/** The same order and attempt is the same payment; what was accepted first is locked. */
function samePlace(request: PlaceRequest, terms: TermsFact): Decision {
  const pairs: readonly (readonly [field: string, accepted: string, received: string])[] = [
    ['amount.currency', terms.amount.currency, request.amount.currency],
    ['amount.minor', terms.amount.minor.toString(), request.amount.minor.toString()],
    ['captureMode', terms.captureMode, request.captureMode],
    ['account', terms.account, request.account],
    ['splits', textOf(terms.splits), textOf(request.splits)],
    ['shipping', terms.shipping ?? 'whole', request.shipping ?? 'whole'],
  ];
  const differing = pairs.find(([, accepted, received]) => accepted !== received);
  if (!differing) return { type: 'duplicate' };
  const [field, ...values] = differing;
  const [accepted = '', received = ''] = values.map((value) => value.slice(0, TOLD_CHARS_MAX));
  const data = { ...orderName(request), requestId: request.id, field, accepted, received };
  return { type: 'conflicted', field, messages: [{ type: 'IntentConflicted', data }] };
}

/** Of what is told of a conflict. */
const TOLD_CHARS_MAX = 500;

function textOf(splits: Splits | undefined): string {
  return splits ? canonicalJson(toWireSplits(splits)) : 'none';
}

/** The attempt before must be closed at the gateway first: the engine does it. Nothing to add where it is at it. */
export function supersede(known: Known, at: string): readonly IntentMessage[] {
  const { intent } = known;
  const operation = operations.void(intent.paymentId);
  if (intent.cancel || isClosed(known) || isOpen(statusOf(known, operation))) return [];
  const fact = requested(operation, 'void', at, { reason: 'superseded' });
  // Asked for before and refused by the gateway: the engine finds out what the attempt came to.
  if (intent.facts.some(({ id }) => id === fact.id)) return [];
  return [recorded(intent.paymentId, fact)];
}

/** It took money (given back or not), or holds some. What was authorized and released again is no obstacle. */
function hasSucceeded(known: Known): boolean {
  return movedMinor(known, 'capture').done > 0n || (isAuthorized(known) && !isClosed(known));
}

function accept(request: PlaceRequest): IntentMessage[] {
  const { paymentId, at, mode, storefront, orderId, attempt, amount, captureMode } = request;
  const terms: TermsFact = {
    type: 'terms',
    id: factId('terms', paymentId),
    at,
    source: 'request',
    mode,
    storefront,
    orderId,
    attempt,
    amount,
    captureMode,
    account: request.account,
    gateway: request.gateway,
    ...(request.splits && { splits: request.splits }),
    ...(request.shipping && { shipping: request.shipping }),
  };
  const authorization = operations.authorization(paymentId);
  const messages: IntentMessage[] = [
    { type: 'IntentAccepted', data: { paymentId, fact: terms } },
    recorded(paymentId, requested(authorization, 'authorization', at, { asked: amount })),
  ];
  if (captureMode === 'automatic') {
    const capture = operations.automaticCapture(paymentId);
    const fact = requested(capture, 'capture', at, { asked: amount, parent: authorization });
    messages.push(recorded(paymentId, fact));
  }
  return messages;
}

/**
 * Accepted even before the order itself is known (its message may still be parked): the order is then refused when it
 * comes. What has to be done for it (close, void, refund) is the engine's to find out.
 */
function cancel(request: CancelRequest, known: Known): Decision {
  if (known.intent.cancel) return { type: 'duplicate' };
  const reason = request.reason === undefined ? {} : { reason: request.reason };
  const data = { ...orderName(request), kind: 'cancelled', ...reason } as const;
  return { type: 'accepted', messages: [{ type: 'OrderMessageAccepted', data }] };
}
