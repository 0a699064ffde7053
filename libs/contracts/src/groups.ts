import {
  FULFILLMENT_EVENTS,
  GATEWAY_NOTIFICATIONS,
  OPERATIONS_COMMANDS,
  PAYMENTS_EVENTS,
  PAYMENTS_INTENTS,
  SETTLEMENT_FACTS,
  STOREFRONT_ORDERS,
} from './topic-names.js';
import type { TopicName } from './messages.js';

/** A consumer group of one of our services, `<service>.<purpose>`, and the topics it reads. */
export interface Group {
  readonly group: string;
  readonly service: string;
  readonly topics: readonly TopicName[];
}

function group(service: string, purpose: string, ...topics: TopicName[]): Group {
  return { group: `${service}.${purpose}`, service, topics };
}

/** Every consumer group; each has a dead-letter topic a topic it reads. */
export const GROUPS = {
  intentOrders: group('intent', 'orders', STOREFRONT_ORDERS),
  intentPayments: group('intent', 'payments', PAYMENTS_EVENTS),
  intentUnconfirmed: group('intent', 'unconfirmed', GATEWAY_NOTIFICATIONS),
  intentOperations: group('intent', 'operations', OPERATIONS_COMMANDS),
  webhookIngestReferences: group(
    'webhook-ingest',
    'references',
    PAYMENTS_INTENTS,
    SETTLEMENT_FACTS,
  ),
  webhookIngestOperations: group('webhook-ingest', 'operations', OPERATIONS_COMMANDS),
  paymentStateFacts: group(
    'payment-state',
    'facts',
    PAYMENTS_INTENTS,
    GATEWAY_NOTIFICATIONS,
    SETTLEMENT_FACTS,
  ),
  paymentStateProofs: group('payment-state', 'proofs', GATEWAY_NOTIFICATIONS, FULFILLMENT_EVENTS),
  paymentStateOperations: group('payment-state', 'operations', OPERATIONS_COMMANDS),
  fulfillmentPayments: group('fulfillment', 'payments', PAYMENTS_EVENTS, PAYMENTS_INTENTS),
  fulfillmentNotifications: group('fulfillment', 'notifications', PAYMENTS_EVENTS),
  fulfillmentOperations: group('fulfillment', 'operations', OPERATIONS_COMMANDS),
  reconciliationPayments: group('reconciliation', 'payments', PAYMENTS_EVENTS),
  reconciliationOperations: group('reconciliation', 'operations', OPERATIONS_COMMANDS),
} as const;
