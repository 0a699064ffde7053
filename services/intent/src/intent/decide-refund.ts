import {
  early,
  orderMessage,
  recorded,
  refuse,
  requested,
  sameReference,
  whyNotAmount,
} from './decision.js';
import type { Decision } from './decision.js';
import { operations } from './operations.js';
import { refundableOf } from './refundable.js';
import { refusal } from './refusals.js';
import type { RefundRequest } from './requests.js';
import { movedMinor, statusOf, type Known } from './state.js';

export function refund(request: RefundRequest, known: Known): Decision {
  const { intent } = known;
  const { terms, paymentId } = intent;
  // Money that never came can't be given back: what a gateway may credit to a card by itself, none of ours is asked for.
  if (!terms) return refuse(request, refusal('refund_without_original'));
  const operation = operations.refund(paymentId, request.reference);
  const before = sameReference(request, known, operation);
  if (before) return before;
  const captured = movedMinor(known, 'capture');
  const { rest, chargedBack, free } = refundableOf(known);
  const amount = request.amount ?? { minor: free, currency: terms.amount.currency };
  if (request.amount) {
    const wrong = whyNotAmount(request.amount, terms);
    if (wrong) return refuse(request, wrong);
  }
  if (captured.done === 0n) {
    if (captured.open > 0n) return early(known, 'capture_open');
    return refuse(request, refusal('nothing_captured'));
  }
  if (amount.minor > rest || rest <= 0n) {
    return refuse(request, refusal('amount_exceeds_captured', 'amount.minor'));
  }
  if (amount.minor > rest - chargedBack || rest <= chargedBack) {
    return refuse(request, refusal('charged_back', 'amount.minor'));
  }
  if (amount.minor > free || free <= 0n) {
    return refuse(request, refusal('disputed', 'amount.minor'));
  }
  const { reference, reason } = request;
  const told = { reference, amount, ...(reason === undefined ? {} : { reason }) };
  const details = { asked: amount, parent: capturedBy(known) };
  return {
    type: 'accepted',
    messages: [
      ...orderMessage(request, 'refund_requested', told),
      recorded(paymentId, requested(operation, 'refund', request.at, details)),
    ],
  };
}

/** The capture a refund takes from: the one of ours that succeeded, else the first we know. */
export function capturedBy(known: Known): string {
  const captures = known.intent.own.filter((operation) => operation.kind === 'capture');
  const done = captures.find((operation) => statusOf(known, operation.id) === 'succeeded');
  const first = done ?? captures[0];
  return first?.id ?? operations.authorization(known.intent.paymentId);
}
