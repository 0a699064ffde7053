import { messageNames } from './messages.js';
import { PAYMENT_PARTITIONS } from './partition.js';
import type { TopicName } from './messages.js';
import {
  STOREFRONT_ORDERS,
  PAYMENTS_INTENTS,
  GATEWAY_NOTIFICATIONS,
  SETTLEMENT_FACTS,
  PAYMENTS_EVENTS,
  FULFILLMENT_EVENTS,
  CUSTOMER_NOTIFICATIONS,
  LEDGER_ENTRIES,
  RECONCILIATION_RESULTS,
  RECONCILIATION_EXCEPTIONS,
  OPERATIONS_COMMANDS,
} from './topic-names.js';

/** How long a topic keeps its messages. */
export type Policy = 'forever' | '30d' | '90d';

/** One row of the topic table. */
export interface Topic {
  readonly name: TopicName;
  /** The only writer. */
  readonly owner: string;
  /** Services and people who read it. */
  readonly readers: readonly string[];
  /** What the record key is. */
  readonly key: string;
  readonly policy: Policy;
  readonly partitions: number;
  readonly messages: readonly string[];
  /** What it holds, in a few words. */
  readonly holds: string;
}

function row<T extends TopicName>(name: T, rest: Omit<Topic, 'name' | 'partitions' | 'messages'>) {
  const messages = messageNames(name) as readonly string[];
  return { name, ...rest, partitions: PAYMENT_PARTITIONS, messages };
}

/** The topic table: the authority for who writes, who reads, and how long it is kept. */
export const TOPICS: readonly Topic[] = [
  row(STOREFRONT_ORDERS, {
    owner: 'storefronts',
    readers: ['intent'],
    key: 'the storefront’s',
    policy: '30d',
    holds: 'what a storefront asks for',
  }),
  row(PAYMENTS_INTENTS, {
    owner: 'intent',
    readers: ['payment-state', 'webhook-ingest', 'fulfillment', 'storefronts'],
    key: 'payment id',
    policy: 'forever',
    holds: 'what was asked, what the gateway answered, accepted order messages',
  }),
  row(GATEWAY_NOTIFICATIONS, {
    owner: 'webhook-ingest',
    readers: ['payment-state', 'intent'],
    key: 'payment id',
    policy: 'forever',
    holds: 'facts from webhooks, with a reference to the evidence',
  }),
  row(SETTLEMENT_FACTS, {
    owner: 'reconciliation',
    readers: ['payment-state', 'webhook-ingest'],
    key: 'payment id',
    policy: 'forever',
    holds: 'facts learnt from report lines',
  }),
  row(PAYMENTS_EVENTS, {
    owner: 'payment-state',
    readers: ['intent', 'fulfillment', 'reconciliation', 'storefronts'],
    key: 'payment id',
    policy: 'forever',
    holds: 'the payment event log, with the state after each event',
  }),
  row(FULFILLMENT_EVENTS, {
    owner: 'fulfillment',
    readers: ['payment-state', 'storefronts', 'warehouse'],
    key: 'payment id',
    policy: 'forever',
    holds: 'when goods may go, and when they must stop',
  }),
  row(CUSTOMER_NOTIFICATIONS, {
    owner: 'fulfillment',
    readers: ['mailers'],
    key: 'payment id',
    policy: '30d',
    holds: 'what the customer should be told, and why',
  }),
  row(LEDGER_ENTRIES, {
    owner: 'reconciliation',
    readers: ['finance'],
    key: 'payment id, else statement id',
    policy: 'forever',
    holds: 'balanced double entries',
  }),
  row(RECONCILIATION_RESULTS, {
    owner: 'reconciliation',
    readers: ['finance'],
    key: 'statement id',
    policy: 'forever',
    holds: 'one signed summary a gateway, account, statement and currency',
  }),
  row(RECONCILIATION_EXCEPTIONS, {
    owner: 'reconciliation',
    readers: ['finance'],
    key: 'payment id, else statement id',
    policy: 'forever',
    holds: 'what doesn’t agree, with a class and an owner',
  }),
  row(OPERATIONS_COMMANDS, {
    owner: 'operators',
    readers: ['intent', 'webhook-ingest', 'payment-state', 'fulfillment', 'reconciliation'],
    key: 'the service addressed',
    policy: '30d',
    holds: 'what an operator wants done, with a name and a reason',
  }),
];

/** Where a group relays a copy of what it parked from a topic. */
export function deadLetterTopic(topic: string, group: string): string {
  return `${topic}.${group}.dead-letter`;
}
