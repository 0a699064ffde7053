import { chance } from '../chance.js';

/** What a payment method token makes the sandbox do. */
export interface Behaviour {
  /** Refuse the authorization. */
  readonly decline?: Decline;
  /** Ask the shopper first: always, or only while they are there. */
  readonly authenticate?: 'always' | 'on_session';
  /** A bank's method: under way for a while, then ended by itself, or when somebody says how. */
  readonly delayed?: Delayed;
  /** Succeeds, and fails after all. */
  readonly failsLater?: true;
  readonly review?: true;
  readonly fraudWarning?: true;
  readonly refund?: 'pending' | 'fails_later';
  /** Disputed once it is captured. */
  readonly dispute?: DisputePlan;
  /** A card that can be captured once only, and not incremented. */
  readonly singleCapture?: true;
  /** The issuer refuses to hold more than it does. */
  readonly declineIncrement?: Decline;
  /** The authorization runs out by itself, soon. */
  readonly expires?: true;
  /**
   * How a call is answered. `lost`: done, then hung up or never answered. `error_after`: done, then 500.
   * `error_before`: not done, 500. `limited`: 429 the first time. `slow`: after a second, the key in flight meanwhile.
   */
  readonly calls?: Partial<Record<CallKind, CallFault>>;
  readonly webhooks?: WebhookFault;
}

export type Delayed = 'succeeded' | 'failed' | 'waits';
export const CALL_KINDS = [
  'create',
  'confirm',
  'capture',
  'increment',
  'cancel',
  'refund',
  'transfer',
  'reversal',
] as const;
export type CallKind = (typeof CALL_KINDS)[number];
export const CALL_FAULTS = ['lost', 'error_after', 'error_before', 'limited', 'slow'] as const;
export type CallFault = (typeof CALL_FAULTS)[number];
export type WebhookFault = 'duplicated' | 'reordered' | 'varied' | 'bad_signature' | 'never_sent';

export interface DisputePlan {
  readonly stage: 'inquiry' | 'chargeback' | 'prevented';
  readonly reason: string;
  /** Of half the amount only. */
  readonly half?: true;
  /** What happens by itself, step by step. Nothing: it waits for an answer, or for somebody to decide. */
  readonly steps?: readonly DisputeStep[];
}
export type DisputeStep = 'won' | 'lost' | 'accepted' | 'appealed';

export interface Decline {
  readonly code: string;
  readonly declineCode: string;
  readonly adviceCode?: string;
  readonly message: string;
  /** The provider refused by itself: the issuer never saw it. */
  readonly blocked?: true;
}

const declined = (declineCode: string, message: string, adviceCode?: string): Decline => ({
  code: 'card_declined',
  declineCode,
  message,
  ...(adviceCode === undefined ? {} : { adviceCode }),
});

const GENERIC = declined('generic_decline', 'Your card was declined.');
const LOST = declined('lost_card', 'Your card was declined.', 'do_not_try_again');
const STOLEN = declined('stolen_card', 'Your card was declined.', 'do_not_try_again');
const INSUFFICIENT = declined(
  'insufficient_funds',
  'Your card has insufficient funds.',
  'try_again_later',
);
const EXPIRED: Decline = {
  code: 'expired_card',
  declineCode: 'expired_card',
  adviceCode: 'confirm_card_data',
  message: 'Your card has expired.',
};
const PROCESSING: Decline = {
  code: 'processing_error',
  declineCode: 'processing_error',
  adviceCode: 'try_again_later',
  message: 'An error occurred while processing your card. Try again in a little bit.',
};

const BLOCKED: Decline = { ...declined('fraudulent', 'Your card was declined.'), blocked: true };

const chargeback = (...steps: DisputeStep[]): DisputePlan => ({
  stage: 'chargeback',
  reason: 'fraudulent',
  steps,
});

const BY_TOKEN: Readonly<Record<string, Behaviour>> = {
  // The provider's own test tokens.
  pm_card_visa: {},
  pm_card_mastercard: {},
  pm_card_visa_chargeDeclined: { decline: GENERIC },
  pm_card_visa_chargeDeclinedInsufficientFunds: { decline: INSUFFICIENT },
  pm_card_visa_chargeDeclinedLostCard: { decline: LOST },
  pm_card_visa_chargeDeclinedStolenCard: { decline: STOLEN },
  pm_card_chargeDeclined: { decline: GENERIC },
  pm_card_chargeDeclinedInsufficientFunds: { decline: INSUFFICIENT },
  pm_card_chargeDeclinedExpiredCard: { decline: EXPIRED },
  pm_card_chargeDeclinedProcessingError: { decline: PROCESSING },
  pm_card_authenticationRequired: { authenticate: 'always' },
  pm_card_authenticationRequiredOnSetup: { authenticate: 'on_session' },
  pm_card_threeDSecure2Required: { authenticate: 'always' },
  pm_card_threeDSecureRequiredChargeDeclined: { authenticate: 'always', decline: GENERIC },
  pm_card_credit_disableEnterpriseCardFeatures: { singleCapture: true },
  pm_card_pendingRefund: { refund: 'pending' },
  pm_card_refundFail: { refund: 'fails_later' },
  pm_card_radarBlock: { decline: BLOCKED },
  pm_card_riskLevelElevated: { review: true },
  pm_card_createIssuerFraudRecord: { fraudWarning: true },
  pm_usBankAccount_success: { delayed: 'succeeded' },
  pm_usBankAccount_insufficientFunds: { delayed: 'failed' },
  pm_usBankAccount_processing: { delayed: 'waits' },
  pm_usBankAccount_dispute: {
    delayed: 'succeeded',
    dispute: { stage: 'chargeback', reason: 'debit_not_authorized', steps: ['lost'] },
  },
  pm_card_createDispute: { dispute: chargeback() },
  pm_card_createDisputeProductNotReceived: {
    dispute: { stage: 'chargeback', reason: 'product_not_received' },
  },
  pm_card_createDisputeInquiry: { dispute: { stage: 'inquiry', reason: 'fraudulent' } },
  // Ours: disputes that tell their whole story by themselves.
  pm_sandbox_disputeWon: { dispute: chargeback('won') },
  pm_sandbox_disputeLost: { dispute: chargeback('lost') },
  pm_sandbox_disputeAccepted: { dispute: chargeback('accepted') },
  pm_sandbox_disputePartial: { dispute: { ...chargeback(), half: true } },
  pm_sandbox_disputePrevented: { dispute: { stage: 'prevented', reason: 'fraudulent' } },
  pm_sandbox_disputeAppealed: { dispute: chargeback('won', 'appealed', 'lost') },
  pm_sandbox_debitReturned: {
    dispute: { stage: 'chargeback', reason: 'debit_not_authorized', steps: ['lost'] },
  },
  // Ours: banks and risk.
  pm_sandbox_sepaDebit: { delayed: 'waits' },
  pm_sandbox_failsLater: { delayed: 'succeeded', failsLater: true },
  pm_sandbox_review: { review: true },
  // Ours: what a network and a provider do on a bad day.
  pm_sandbox_commitThenTimeout: { calls: { create: 'lost' } },
  pm_sandbox_captureTimeout: { calls: { capture: 'lost' } },
  pm_sandbox_refundTimeout: { calls: { refund: 'lost' } },
  pm_sandbox_cancelTimeout: { calls: { cancel: 'lost' } },
  pm_sandbox_incrementTimeout: { calls: { increment: 'lost' } },
  pm_sandbox_errorAfterCommit: { calls: { create: 'error_after' } },
  pm_sandbox_errorBeforeCommit: { calls: { create: 'error_before' } },
  pm_sandbox_rateLimited: {
    calls: {
      create: 'limited',
      capture: 'limited',
      refund: 'limited',
      cancel: 'limited',
      increment: 'limited',
    },
  },
  pm_sandbox_slow: { calls: { create: 'slow' } },
  pm_sandbox_slowCapture: { calls: { capture: 'slow' } },
  pm_sandbox_slowCancel: { calls: { cancel: 'slow' } },
  pm_sandbox_expires: { expires: true },
  pm_sandbox_incrementDeclined: { declineIncrement: INSUFFICIENT },
  pm_sandbox_webhooksDuplicated: { webhooks: 'duplicated' },
  pm_sandbox_webhooksReordered: { webhooks: 'reordered' },
  pm_sandbox_webhooksVaried: { webhooks: 'varied' },
  pm_sandbox_webhooksNeverSent: { webhooks: 'never_sent' },
  pm_sandbox_webhookBadSignature: { webhooks: 'bad_signature' },
};

/** The token that is another one, drawn by the seed. */
const SEEDED = 'pm_sandbox_seeded';

/** Every token the sandbox knows. */
export const TOKENS: readonly string[] = [...Object.keys(BY_TOKEN), SEEDED];

/** Those that need nobody to decide anything. */
const UNATTENDED = Object.entries(BY_TOKEN)
  .filter(([, { authenticate, delayed }]) => authenticate === undefined && delayed !== 'waits')
  .map(([token]) => token);

/** Half of what is seeded is well-behaved; the rest is anything that ends without anybody's help. */
export function drawn(token: string, seed: string, payment: string): string {
  if (token !== SEEDED) return token;
  const draw = chance(seed, 'token', payment);
  if (draw < 0.5) return 'pm_card_visa';
  return UNATTENDED[Math.floor((draw - 0.5) * 2 * UNATTENDED.length)] ?? 'pm_card_visa';
}

/** Undefined for a token that doesn't exist: the API then answers `resource_missing`. */
export function behaviourOf(token: string): Behaviour | undefined {
  return Object.hasOwn(BY_TOKEN, token) ? BY_TOKEN[token] : undefined;
}
