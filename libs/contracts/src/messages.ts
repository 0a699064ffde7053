import type { Static, TSchema } from 'typebox';
import { CustomerNotification } from './messages/customer-notifications.js';
import {
  FulfillmentCancelled,
  FulfillmentHeld,
  FulfillmentRecalled,
  FulfillmentReleased,
} from './messages/fulfillment-events.js';
import * as gatewayNotifications from './messages/gateway-notifications.js';
import { EntryPosted } from './messages/ledger-entries.js';
import {
  AdoptPayment,
  DiscardParked,
  ReplayParked,
  SwitchAccount,
  VerifyPayment,
} from './messages/operations-commands.js';
import { PAYMENT_EVENTS, PaymentEvent, type PaymentEventName } from './messages/payments-events.js';
import * as paymentsIntents from './messages/payments-intents.js';
import {
  ExceptionAssigned,
  ExceptionOpened,
  ExceptionReclassified,
  ExceptionResolved,
} from './messages/reconciliation-exceptions.js';
import { StatementClosed } from './messages/reconciliation-results.js';
import * as settlementFacts from './messages/settlement-facts.js';
import {
  OrderCancelled,
  OrderPlaced,
  OrderReadyToShip,
  RefundRequested,
} from './messages/storefront-orders.js';
import {
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
} from './topic-names.js';

/** The present version of every message, by topic and `ce_type`. */
export const SCHEMAS = {
  [STOREFRONT_ORDERS]: { OrderPlaced, OrderReadyToShip, OrderCancelled, RefundRequested },
  [PAYMENTS_INTENTS]: {
    IntentAccepted: paymentsIntents.IntentAccepted,
    IntentRefused: paymentsIntents.IntentRefused,
    IntentConflicted: paymentsIntents.IntentConflicted,
    FactRecorded: paymentsIntents.FactRecorded,
    OrderMessageAccepted: paymentsIntents.OrderMessageAccepted,
  },
  [GATEWAY_NOTIFICATIONS]: {
    FactRecorded: gatewayNotifications.FactRecorded,
    UnconfirmedFact: gatewayNotifications.UnconfirmedFact,
  },
  [SETTLEMENT_FACTS]: { FactRecorded: settlementFacts.FactRecorded },
  [PAYMENTS_EVENTS]: Object.fromEntries(
    PAYMENT_EVENTS.map((name) => [name, PaymentEvent]),
  ) as Record<PaymentEventName, typeof PaymentEvent>,
  [FULFILLMENT_EVENTS]: {
    FulfillmentReleased,
    FulfillmentHeld,
    FulfillmentRecalled,
    FulfillmentCancelled,
  },
  [CUSTOMER_NOTIFICATIONS]: { CustomerNotification },
  [LEDGER_ENTRIES]: { EntryPosted },
  [RECONCILIATION_RESULTS]: { StatementClosed },
  [RECONCILIATION_EXCEPTIONS]: {
    ExceptionOpened,
    ExceptionReclassified,
    ExceptionAssigned,
    ExceptionResolved,
  },
  [OPERATIONS_COMMANDS]: {
    ReplayParked,
    DiscardParked,
    VerifyPayment,
    SwitchAccount,
    AdoptPayment,
  },
};

/** The name of a topic of ours. */
export type TopicName = keyof typeof SCHEMAS;
/** A `ce_type` of the topic. */
export type MessageName<T extends TopicName> = keyof (typeof SCHEMAS)[T] & string;
/** What a message of this topic and type carries. */
export type MessageData<
  T extends TopicName,
  M extends MessageName<T>,
> = (typeof SCHEMAS)[T][M] extends infer S extends TSchema ? Static<S> : never;

/** The message types of a topic, in the order of the table. */
export function messageNames<T extends TopicName>(topic: T): readonly MessageName<T>[] {
  return Object.keys(SCHEMAS[topic]) as MessageName<T>[];
}

/** Whether a topic knows a `ce_type`. */
export function isMessageName<T extends TopicName>(topic: T, type: string): type is MessageName<T> {
  return schemaOf(topic, type) !== undefined;
}

/**
 * The schema of a message as its writer must send it: closed, no field that isn't named. Nothing where the topic or the
 * type is unknown.
 */
export function schemaOf(topic: string, type: string): TSchema | undefined {
  const schemas: Readonly<Record<string, Readonly<Record<string, TSchema>>>> = SCHEMAS;
  const known = Object.hasOwn(schemas, topic) ? schemas[topic] : undefined;
  return known && Object.hasOwn(known, type) ? known[type] : undefined;
}
