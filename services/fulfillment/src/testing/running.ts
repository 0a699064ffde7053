import { CUSTOMER_NOTIFICATIONS, decode, FULFILLMENT_EVENTS, GROUPS } from '@paylog/contracts';
import { type EventLog, openLanes } from '@paylog/event-sourcing';
import { openParts, type ServiceParts } from '@paylog/service';
import { createServiceDatabase } from '@paylog/testing';
import { Knowledge } from '../ingest/knowledge.js';
import { MIGRATIONS } from '../migrations/index.js';
import { Notifier } from '../notify/notifier.js';
import { Releases } from '../release/releases.js';

/** The parts of the service on a real database, without Kafka; rounds of decisions are the spec's to call. */
export interface Running {
  readonly parts: ServiceParts;
  readonly log: EventLog;
  readonly notifications: EventLog;
  readonly knowledge: Knowledge;
  readonly releases: Releases;
  readonly notifier: Notifier;
  /** Until nothing is left to decide. */
  decideAll(...replicas: readonly Releases[]): Promise<void>;
  /** `type reason` of each decision, in order. */
  decisions(payment: string): Promise<string[]>;
  told(payment: string): Promise<string[]>;
  stop(): Promise<void>;
}

export async function run(): Promise<Running> {
  const database = await createServiceDatabase('fulfillment');
  const { serviceUrl: databaseUrl, ownerUrl: databaseOwnerUrl } = database;
  const config = { instance: 'spec-1', databaseUrl, databaseOwnerUrl, brokers: ['127.0.0.1:1'] };
  const parts = await openParts({ name: 'fulfillment', config, migrations: MIGRATIONS });
  const { pool, logger } = parts;
  for (const schema of ['fulfillment', 'notifications']) await openLanes(pool, schema);
  const log = await parts.openLog('fulfillment');
  const notifications = await parts.openLog('notifications');
  const releases = new Releases(pool, log, logger);
  return {
    parts,
    log,
    notifications,
    releases,
    knowledge: new Knowledge(log, GROUPS.fulfillmentPayments.group, logger, () => {}),
    notifier: new Notifier(pool, notifications, GROUPS.fulfillmentNotifications.group, logger),
    async decideAll(...replicas) {
      const all = replicas.length > 0 ? replicas : [releases];
      for (;;) {
        const more = await Promise.all(all.map((each) => each.round()));
        if (!more.includes(true)) return;
      }
    },
    async decisions(payment) {
      return (await log.readStream(payment)).map(({ type, data }) => {
        const decoded = decode(FULFILLMENT_EVENTS, type as 'FulfillmentReleased', data);
        return `${type} ${decoded.ok ? decoded.data.reason : decoded.error}`;
      });
    },
    async told(payment) {
      return (await notifications.readStream(payment)).map(({ data }) => {
        const decoded = decode(CUSTOMER_NOTIFICATIONS, 'CustomerNotification', data);
        return decoded.ok ? decoded.data.kind : decoded.error;
      });
    },
    async stop() {
      await pool.end();
      await database.drop();
    },
  };
}
