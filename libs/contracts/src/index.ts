export { looksLikeCardNumber } from './card-number.js';
export { decode, decodeMessage, encode, InvalidMessage } from './codec.js';
export type { Decoded, DecodedMessage } from './codec.js';
export { CURRENCIES, isCurrency, isoDecimals } from './currency.js';
export { GROUPS } from './groups.js';
export type { Group } from './groups.js';
export { factId, foundPaymentId, operationId, paymentId, stableId } from './ids.js';
export type { OperationKind, PaymentIdentity } from './ids.js';
export { canonicalJson, MESSAGE_BYTES_MAX } from './json.js';
export { isMessageName, messageNames, schemaOf } from './messages.js';
export type { MessageData, MessageName, TopicName } from './messages.js';
export { NOTIFICATION_KINDS } from './messages/customer-notifications.js';
export { COMMANDED_SERVICES } from './messages/operations-commands.js';
export { PAYMENT_EVENTS } from './messages/payments-events.js';
export type { PaymentEventName } from './messages/payments-events.js';
export { EXCEPTION_CLASSES } from './messages/reconciliation-exceptions.js';
export { murmur2, PAYMENT_PARTITIONS, partitionOf } from './partition.js';
export {
  CUSTOMER_NOTIFICATIONS,
  FULFILLMENT_EVENTS,
  GATEWAY_NOTIFICATIONS,
  LEDGER_ENTRIES,
  OPERATIONS_COMMANDS,
  PAYMENTS_EVENTS,
  PAYMENTS_INTENTS,
  RECONCILIATION_EXCEPTIONS,
  RECONCILIATION_RESULTS,
  SETTLEMENT_FACTS,
  STOREFRONT_ORDERS,
  WEBHOOKS_DEAD_LETTER,
} from './topic-names.js';
export { paymentText } from './payment-text.js';
export { provisionedTopics } from './provisioning.js';
export type { ProvisionedTopic } from './provisioning.js';
export { factsOfTexts, factTextIn, stateIn } from './stored-facts.js';
export { deadLetterTopic, TOPICS } from './topics.js';
export type { Policy, Topic } from './topics.js';
export { currentVersion } from './versions.js';
export { fromWireFact, fromWireMoney, knownOf, toWireFact, toWireMoney } from './wire-fact.js';
export type { WireFact, WireMoney, WireTermsFact } from './wire-fact.js';
export {
  fromWirePayment,
  fromWireTransition,
  toWirePayment,
  toWireTransition,
} from './wire-payment.js';
export type { PaymentState, WireTransition } from './wire-payment.js';
export { fromWireSplits, toWireSplits, type WireSplits } from './wire-splits.js';
