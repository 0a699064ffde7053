import Stripe from 'stripe';
import { GatewayFault } from '../fault.js';
import type { Call, ObservedPayment, PaymentAnswer } from '../port.js';
import { classifyDecline } from './declines.js';
import { observePayment } from './observe.js';
import { parsePaymentIntent } from './shapes.js';

type Failure = Exclude<PaymentAnswer, { result: 'answered' }>;

/**
 * What an error of the SDK means. Only a card error is a decline, and only an invalid request is a refusal. Whatever
 * left a doubt is `unknown`; what the gateway never began is `not_attempted`.
 */
export function failureOf(error: unknown, about: Call, at: string): Failure {
  const head = { about, at } as const;
  if (error instanceof Stripe.errors.StripeCardError) return declined(error, head);
  if (error instanceof Stripe.errors.StripeRateLimitError) {
    return { result: 'not_attempted', ...head, reason: 'rate_limited', ...retryAfter(error) };
  }
  if (error instanceof Stripe.errors.StripeIdempotencyError) {
    // Our key, other parameters: this call did nothing, and what the first one did only a lookup can tell.
    return { result: 'not_attempted', ...head, reason: 'key_reused' };
  }
  if (
    error instanceof Stripe.errors.StripeAuthenticationError ||
    error instanceof Stripe.errors.StripePermissionError
  ) {
    return { result: 'not_attempted', ...head, reason: 'unauthorized' };
  }
  if (error instanceof Stripe.errors.StripeInvalidRequestError) return refused(error, head);
  if (error instanceof Stripe.errors.StripeConnectionError) {
    const reason = /timeout/i.test(error.message) ? 'timeout' : 'connection';
    return { result: 'unknown', ...head, reason, message: error.message };
  }
  if (error instanceof Stripe.errors.StripeAPIError && error.statusCode === 409) {
    return { result: 'not_attempted', ...head, reason: 'in_flight', ...retryAfter(error) };
  }
  if (error instanceof Stripe.errors.StripeError || error instanceof GatewayFault) {
    return { result: 'unknown', ...head, reason: 'gateway_error', message: error.message };
  }
  throw error;
}

function declined(error: Stripe.errors.StripeCardError, head: Head): Failure {
  const payment = paymentOf(error);
  const authorizationId = payment?.authorizationId ?? error.charge;
  return {
    result: 'declined',
    ...head,
    decline: classifyDecline(error),
    ...(payment === undefined ? {} : { payment }),
    ...(authorizationId === undefined ? {} : { authorizationId }),
  };
}

function refused(error: Stripe.errors.StripeInvalidRequestError, head: Head): Failure {
  const payment = paymentOf(error);
  return {
    result: 'refused',
    ...head,
    reason: OUR_WORD[error.code ?? ''] ?? error.code ?? 'invalid_request',
    message: error.message,
    ...(error.param === undefined ? {} : { field: error.param }),
    ...(payment === undefined ? {} : { payment }),
  };
}

interface Head {
  readonly about: Call;
  readonly at: string;
}

/** The PaymentIntent that an error carries, when it can be read. */
function paymentOf(error: Stripe.errors.StripeError): ObservedPayment | undefined {
  const parsed = parsePaymentIntent(error.payment_intent);
  return parsed.ok ? observePayment(parsed.value) : undefined;
}

function retryAfter(error: Stripe.errors.StripeError): { retryAfterMs?: number } {
  const seconds = Number(error.headers?.['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: seconds * 1000 } : {};
}

/** Where we refuse for the same reason ourselves, the gateway only knew of it before us: the word is then the same. */
const OUR_WORD: Readonly<Record<string, string>> = { charge_disputed: 'disputed' };
