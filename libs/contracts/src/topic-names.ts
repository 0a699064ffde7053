/** Names of the topics. One topic has one owner, the only one who writes it. */
export const STOREFRONT_ORDERS = 'storefront.orders.v1';
export const PAYMENTS_INTENTS = 'payments.intents.v1';
export const GATEWAY_NOTIFICATIONS = 'gateway.notifications.v1';
export const SETTLEMENT_FACTS = 'settlement.facts.v1';
export const PAYMENTS_EVENTS = 'payments.events.v1';
export const FULFILLMENT_EVENTS = 'fulfillment.events.v1';
export const CUSTOMER_NOTIFICATIONS = 'customer.notifications.v1';
export const LEDGER_ENTRIES = 'ledger.entries.v1';
export const RECONCILIATION_RESULTS = 'reconciliation.results.v1';
export const RECONCILIATION_EXCEPTIONS = 'reconciliation.exceptions.v1';
export const OPERATIONS_COMMANDS = 'operations.commands.v1';

/** Where webhook-ingest puts a copy of a signed webhook that it can't read. */
export const WEBHOOKS_DEAD_LETTER = 'webhooks.webhook-ingest.dead-letter';
