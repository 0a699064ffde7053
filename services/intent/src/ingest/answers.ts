import { Problem } from '@paylog/http';
import { isReleasing } from '../intent/decide-capture.js';
import type { Refusal } from '../intent/refusals.js';
import { operations } from '../intent/operations.js';
import type { IntentRequest } from '../intent/requests.js';
import { isClosed, movedMinor, statusOf, type Known } from '../intent/state.js';

/** Refusals that are about the request itself; the others are about the state it met. */
const UNPROCESSABLE = new Set([
  'field_invalid',
  'card_number_in_text',
  'account_unknown',
  'currency_mismatch',
  'amount_not_positive',
  'amount_exceeds_authorization',
  'amount_exceeds_captured',
  'captured_automatically',
  'increment_after_capture',
  'previous_attempt_unknown',
]);

const TEXT: Readonly<Record<string, string>> = {
  disputed: 'A dispute has taken this money, or may. It can be given back once the dispute is won.',
  charged_back: 'A lost dispute gave this money back to the customer.',
  previous_attempt_open:
    'The attempt before this one can still be paid; it is being closed. Send again.',
  authorization_open: 'Whether the payment was authorized is not known yet. Send again.',
  capture_open: 'Whether the payment was captured is not known yet. Send again.',
  increment_open: 'Whether the increment before was granted is not known yet. Send again.',
  gateway_account_stopped:
    'The gateway account takes no new payments at the moment. Send again later.',
};

/** What is stored with an Idempotency-Key to be given again. */
export interface StoredProblem {
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly field?: string;
  readonly extensions: Readonly<Record<string, unknown>>;
}

export function problemFor(refusal: Refusal): StoredProblem {
  const { reason, field, retryable, messageKey, nextStep, declineClass } = refusal;
  return {
    status: statusFor(reason),
    detail: TEXT[reason] ?? `Refused: ${reason.replaceAll('_', ' ')}.`,
    code: reason,
    ...(field === undefined ? {} : { field }),
    extensions: {
      reason,
      retryable,
      messageKey,
      nextStep,
      ...(declineClass ? { declineClass } : {}),
    },
  };
}

function statusFor(reason: string): number {
  if (reason === 'payment_not_found') return 404;
  return UNPROCESSABLE.has(reason) ? 422 : 409;
}

export function conflictFor(field: string): StoredProblem {
  return {
    status: 409,
    detail: `This order and attempt was accepted with another ${field}; a new ${field} needs a new attempt.`,
    code: 'intent_conflicted',
    field,
    extensions: {
      reason: 'intent_conflicted',
      retryable: false,
      nextStep: 'place_the_next_attempt',
    },
  };
}

export function toProblem(stored: StoredProblem, retryAfter?: number): Problem {
  const { status, detail, code, field, extensions } = stored;
  return new Problem(status, detail, {
    code,
    extensions,
    ...(field === undefined ? {} : { field }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}

/** Nothing follows at once from what was heard: a refused attempt is closed, so that the next one may be placed. */
export function isQuiet(request: IntentRequest, known: Known): boolean {
  if (!isSettled(request, known)) return false;
  const refused = statusOf(known, operations.authorization(known.intent.paymentId)) === 'refused';
  return request.type !== 'place' || !refused || isClosed(known);
}

/** Does the present state answer the request, or is the gateway still to be heard? */
export function isSettled(request: IntentRequest, known: Known): boolean {
  const { paymentId } = known.intent;
  const heard = (operation: string) => {
    const status = statusOf(known, operation);
    return status !== 'requested' && status !== 'unknown' && status !== 'none';
  };
  switch (request.type) {
    case 'place':
      return heard(operations.authorization(paymentId));
    case 'capture':
      return heard(operations.capture(paymentId, request.reference));
    case 'increment':
      return heard(operations.increment(paymentId, request.reference));
    case 'refund':
      return heard(operations.refund(paymentId, request.reference));
    case 'cancel':
    case 'void':
      if (isReleasing(known)) return false;
      return isClosed(known) || movedMinor(known, 'capture').done > 0n;
  }
}
