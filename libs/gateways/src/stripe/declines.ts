import type { Decline, DeclineClass, NextStep } from '../port.js';

/** What Stripe says about a failed try; `code` is its own, `decline_code` the issuer's. */
export interface StripeDecline {
  readonly code?: string | null | undefined;
  readonly decline_code?: string | null | undefined;
  readonly advice_code?: string | null | undefined;
}

const SOFT = new Set([
  'insufficient_funds',
  'processing_error',
  'issuer_not_available',
  'try_again_later',
  'reenter_transaction',
  'card_velocity_exceeded',
  'withdrawal_count_limit_exceeded',
]);
const CORRECTABLE = new Set([
  'expired_card',
  'incorrect_cvc',
  'invalid_cvc',
  'incorrect_number',
  'invalid_number',
  'invalid_account',
]);
const AUTHENTICATE = new Set(['authentication_required', 'payment_intent_authentication_failure']);

const ADVICE: Readonly<Record<string, DeclineClass>> = {
  do_not_try_again: 'hard',
  confirm_card_data: 'correctable',
  try_again_later: 'soft',
};

const NEXT_STEP: Readonly<Record<DeclineClass, NextStep>> = {
  hard: 'use_other_payment_method',
  soft: 'retry_later',
  correctable: 'correct_details',
  authenticate: 'authenticate',
};

/** Texts a customer may read. Lost, stolen and fraud look like any other refusal: telling would help the thief. */
const MESSAGE_BY_CODE: Readonly<Record<string, string>> = {
  insufficient_funds: 'payment.declined.insufficient_funds',
  expired_card: 'payment.declined.expired_card',
  incorrect_cvc: 'payment.declined.incorrect_cvc',
  invalid_cvc: 'payment.declined.incorrect_cvc',
};
const MESSAGE_BY_CLASS: Readonly<Record<DeclineClass, string>> = {
  hard: 'payment.declined.use_other_payment_method',
  soft: 'payment.declined.try_again_later',
  correctable: 'payment.declined.check_details',
  authenticate: 'payment.declined.authentication_required',
};

/**
 * Advice before code, code before "hard" (`fields.md`, after reference 4.1): networks charge for repeats they advised
 * against, and one code can carry different advice on different cards.
 */
export function classifyDecline(decline: StripeDecline): Decline {
  const declineCode = decline.decline_code ?? decline.code ?? 'unspecified';
  const adviceCode = decline.advice_code ?? undefined;
  const declineClass =
    (adviceCode === undefined ? undefined : ADVICE[adviceCode]) ?? classOf(declineCode);
  return {
    declineCode,
    ...(adviceCode === undefined ? {} : { adviceCode }),
    declineClass,
    retryable: declineClass !== 'hard',
    messageKey: messageKey(declineCode, declineClass),
    nextStep: NEXT_STEP[declineClass],
  };
}

function classOf(declineCode: string): DeclineClass {
  if (SOFT.has(declineCode)) return 'soft';
  if (CORRECTABLE.has(declineCode)) return 'correctable';
  if (AUTHENTICATE.has(declineCode)) return 'authenticate';
  return 'hard';
}

/** A hard decline never gets a text that invites a repeat, whatever its code. */
function messageKey(declineCode: string, declineClass: DeclineClass): string {
  const byCode = declineClass === 'hard' ? undefined : MESSAGE_BY_CODE[declineCode];
  return byCode ?? MESSAGE_BY_CLASS[declineClass];
}
