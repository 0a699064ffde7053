import {
  CUSTOMER_NOTIFICATIONS,
  FULFILLMENT_EVENTS,
  GATEWAY_NOTIFICATIONS,
  LEDGER_ENTRIES,
  PAYMENTS_EVENTS,
  PAYMENTS_INTENTS,
  RECONCILIATION_EXCEPTIONS,
  RECONCILIATION_RESULTS,
  SETTLEMENT_FACTS,
  type TopicName,
} from '@paylog/contracts';
import type { StatefulService } from '@paylog/local';

/** One append-only log: a schema in a service's database, and the topic it is relayed to. */
export interface Log {
  readonly service: StatefulService;
  readonly schema: string;
  readonly topic?: TopicName;
  /** Logs of the same service that follow it by position. */
  readonly followedBy?: readonly string[];
}

/** Every log of the system, in the order data flows. */
export const LOGS: readonly Log[] = [
  { service: 'intent', schema: 'intents', topic: PAYMENTS_INTENTS },
  { service: 'webhook-ingest', schema: 'evidence', followedBy: ['facts'] },
  { service: 'webhook-ingest', schema: 'facts', topic: GATEWAY_NOTIFICATIONS },
  // What happened to stored bodies.
  { service: 'webhook-ingest', schema: 'archive' },
  { service: 'payment-state', schema: 'payments', topic: PAYMENTS_EVENTS },
  {
    service: 'fulfillment',
    schema: 'fulfillment',
    topic: FULFILLMENT_EVENTS,
    followedBy: ['notifications'],
  },
  { service: 'fulfillment', schema: 'notifications', topic: CUSTOMER_NOTIFICATIONS },
  { service: 'reconciliation', schema: 'ledger', topic: LEDGER_ENTRIES },
  { service: 'reconciliation', schema: 'settlement', topic: SETTLEMENT_FACTS },
  { service: 'reconciliation', schema: 'exceptions', topic: RECONCILIATION_EXCEPTIONS },
  { service: 'reconciliation', schema: 'results', topic: RECONCILIATION_RESULTS },
];
