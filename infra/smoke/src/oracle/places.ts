/*
 * Where things are, in the oracle's own words: the logs, their topics, and who reads what. From the READMEs of the
 * services and section 3 of the design, not from their code.
 */

/** One append-only log: a schema in a service's database, and the topic it is relayed to. */
export interface LogPlace {
  readonly service: string;
  readonly schema: string;
  readonly topic?: string;
  /** Another log of the same service whose offsets hold how far this one was read, lane by lane. */
  readonly followedBy?: string;
}

export const INTENTS = 'payments.intents.v1';
export const NOTIFICATIONS = 'gateway.notifications.v1';
export const EVENTS = 'payments.events.v1';
export const GOODS = 'fulfillment.events.v1';
const SETTLEMENT = 'settlement.facts.v1';
const ORDERS = 'storefront.orders.v1';
const COMMANDS = 'operations.commands.v1';

export const LOG_PLACES: readonly LogPlace[] = [
  { service: 'intent', schema: 'intents', topic: INTENTS },
  { service: 'webhook-ingest', schema: 'evidence', followedBy: 'facts' },
  { service: 'webhook-ingest', schema: 'facts', topic: NOTIFICATIONS },
  { service: 'payment-state', schema: 'payments', topic: EVENTS },
  { service: 'fulfillment', schema: 'fulfillment', topic: GOODS, followedBy: 'notifications' },
  { service: 'fulfillment', schema: 'notifications', topic: 'customer.notifications.v1' },
  { service: 'reconciliation', schema: 'ledger', topic: 'ledger.entries.v1' },
  { service: 'reconciliation', schema: 'settlement', topic: SETTLEMENT },
  { service: 'reconciliation', schema: 'exceptions', topic: 'reconciliation.exceptions.v1' },
  { service: 'reconciliation', schema: 'results', topic: 'reconciliation.results.v1' },
];

export const SERVICES: readonly string[] = [...new Set(LOG_PLACES.map(({ service }) => service))];

/** A consumer group: its name begins with its service's. Its offsets are in the database, under `<group>/<topic>`. */
export interface GroupPlace {
  readonly group: string;
  readonly service: string;
  readonly topics: readonly string[];
}

const group = (service: string, purpose: string, ...topics: string[]): GroupPlace => ({
  group: `${service}.${purpose}`,
  service,
  topics,
});

export const GROUP_PLACES: readonly GroupPlace[] = [
  group('intent', 'orders', ORDERS),
  group('intent', 'payments', EVENTS),
  group('intent', 'unconfirmed', NOTIFICATIONS),
  group('webhook-ingest', 'references', INTENTS, SETTLEMENT),
  group('payment-state', 'facts', INTENTS, NOTIFICATIONS, SETTLEMENT),
  group('payment-state', 'proofs', NOTIFICATIONS, GOODS),
  group('fulfillment', 'payments', EVENTS, INTENTS),
  group('fulfillment', 'notifications', EVENTS),
  group('reconciliation', 'payments', EVENTS),
  ...SERVICES.map((service) => group(service, 'operations', COMMANDS)),
];
