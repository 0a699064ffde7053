import type { Decline, DeclineClass, NextStep as StepAfterDecline } from '@paylog/gateways';

/** What the storefront does next; the words are part of the contract. */
export type NextStep =
  | StepAfterDecline
  | 'correct_the_request'
  | 'send_again_later'
  | 'place_the_next_attempt'
  | 'refund_instead'
  | 'void_instead'
  | 'await_the_dispute'
  | 'nothing';

/** Why we do not do what was asked: data, published and answered, never thrown. */
export interface Refusal {
  readonly reason: string;
  /** Path of the field that is wrong, such as `amount.minor`. */
  readonly field?: string;
  readonly declineClass?: DeclineClass;
  /** The same request may succeed later without being changed. */
  readonly retryable: boolean;
  /** Key of a text that may be shown to a shopper. */
  readonly messageKey: string;
  readonly nextStep: NextStep;
}

const wrong = (nextStep: NextStep = 'correct_the_request') =>
  ({ retryable: false, messageKey: 'payment.not_possible', nextStep }) as const;
const early = {
  retryable: true,
  messageKey: 'payment.try_again',
  nextStep: 'send_again_later',
} as const;

/** Every reason of our own. What a gateway refuses has the gateway's own code instead. */
const RULES = {
  field_invalid: wrong(),
  card_number_in_text: wrong(),
  foreign_storefront: wrong(),
  account_unknown: wrong(),
  participant_repeated: wrong(),
  participant_unknown: wrong(),
  shares_exceed_amount: wrong(),
  gateway_account_stopped: early,
  payment_not_found: wrong(),
  order_cancelled: wrong('nothing'),
  previous_attempt_unknown: wrong(),
  previous_attempt_succeeded: wrong('nothing'),
  previous_attempt_open: early,
  captured_automatically: wrong('nothing'),
  reference_used: wrong(),
  currency_mismatch: wrong(),
  amount_not_positive: wrong(),
  void_already_requested: wrong('nothing'),
  attempt_closed: wrong('place_the_next_attempt'),
  not_authorized: wrong('place_the_next_attempt'),
  authorization_open: early,
  capture_already_requested: wrong('nothing'),
  capture_open: early,
  amount_exceeds_authorization: wrong(),
  increment_open: early,
  increment_after_capture: wrong(),
  already_captured: wrong('refund_instead'),
  nothing_captured: wrong('void_instead'),
  amount_exceeds_captured: wrong(),
  refund_without_original: wrong(),
  charged_back: wrong('nothing'),
  /** Won, the money comes back, and can be given back then. */
  disputed: { ...early, nextStep: 'await_the_dispute' },
} as const satisfies Record<string, Omit<Refusal, 'reason' | 'field' | 'declineClass'>>;

export type RefusalReason = keyof typeof RULES;

export function refusal(reason: RefusalReason, field?: string): Refusal {
  return { reason, ...(field ? { field } : {}), ...RULES[reason] };
}

/** The gateway refused the payment method; what may follow is the gateway adapter's judgement. */
export function declined(decline: Decline): Refusal {
  const { declineCode, declineClass, retryable, messageKey, nextStep } = decline;
  return { reason: declineCode, declineClass, retryable, messageKey, nextStep };
}

/** The gateway refused a call as such: wrong state, wrong parameters. No money moved. */
export function refusedByGateway(reason: string): Refusal {
  // It knew before us what we would have refused for: the storefront hears the same either way.
  return isOurs(reason) ? refusal(reason) : { reason, ...wrong() };
}

function isOurs(reason: string): reason is RefusalReason {
  return Object.hasOwn(RULES, reason);
}
