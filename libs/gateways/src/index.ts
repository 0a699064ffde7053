export { GatewayFault } from './fault.js';
export { GATEWAYS, readAccounts, readStorefronts } from './accounts.js';
export { followAccounts } from './accounts-source.js';
export type { AccountsSource, FollowAccountsOptions } from './accounts-source.js';
export { followingSettlement, forAccounts } from './for-accounts.js';
export type {
  GatewayAccount,
  GatewayName,
  Mode,
  ReadAccountsOptions,
  SecretsWanted,
  Storefront,
  WebhookSecret,
} from './accounts.js';
export type {
  AuthorizeRequest,
  Call,
  CancelRequest,
  CaptureRequest,
  ContainerStatus,
  Decline,
  DeclineClass,
  GatewayAnswer,
  GatewayClient,
  IncrementRequest,
  NextAction,
  NextStep,
  NotAttempted,
  NotFound,
  ObservedPayment,
  ObservedPayout,
  ObservedRefund,
  OursWithAmount,
  ParticipantPayouts,
  PaymentAnswer,
  PaymentLookup,
  PaymentQuery,
  Payout,
  PayoutAnswer,
  PayoutLookup,
  PayOutRequest,
  PayoutQuery,
  Refused,
  RefundAnswer,
  RefundLookup,
  RefundQuery,
  RefundRequest,
  SettlementSource,
  TakeBackRequest,
  Unknown,
} from './port.js';
export { factsOf, kindOf } from './answer-to-facts.js';
export { payoutFacts } from './payout-facts.js';
export { captureOf, paymentFacts, refundFacts, sessionOf, voidOf } from './observed-to-facts.js';
export { createStripeClient } from './stripe/client.js';
export type { StripeClientOptions } from './stripe/client.js';
export { METADATA as STRIPE_METADATA } from './stripe/metadata.js';
export {
  parseBody,
  signatureHeader,
  TOLERANCE_SECONDS,
  verifySignature,
} from './stripe/signature.js';
export type { SignatureVerdict, SignedDelivery } from './stripe/signature.js';
export { toFacts } from './stripe/to-facts.js';
export type { Mapped, MappingContext } from './stripe/to-facts.js';
export { providers, webhooksOf } from './providers.js';
export { verified } from './signed.js';
export type { Signed, Unsigned, Verified } from './signed.js';
export { headerOf } from './webhooks.js';
export type {
  Acknowledgement,
  ReadingContext,
  WebhookDelivery,
  WebhookIdentity,
  WebhookItem,
  Webhooks,
  WebhookVerdict,
} from './webhooks.js';
export { addLine, controlBreaks, LINE_KINDS, NO_TOTALS } from './settlement-line.js';
export type { ControlTotals, LineKind, LineProblem, SettlementLine } from './settlement-line.js';
export { createStripeEvents } from './stripe/events.js';
export type { MissedEvents, PolledEvent } from './stripe/events.js';
export { createStripeSettlement } from './stripe/reports.js';
export { readPayoutReport } from './stripe/settlement.js';
