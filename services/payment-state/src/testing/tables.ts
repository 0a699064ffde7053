import { type EventLog, openLanes } from '@paylog/event-sourcing';
import { openParts, type ServiceParts } from '@paylog/service';
import { createServiceDatabase, type ServiceDatabase } from '@paylog/testing';
import { MIGRATIONS } from '../migrations/index.js';

/** The service's tables in a database of their own, all lanes open, without Kafka. */
export interface Tables {
  readonly database: ServiceDatabase;
  readonly parts: ServiceParts;
  readonly log: EventLog;
  drop(): Promise<void>;
}

export async function createTables(): Promise<Tables> {
  const database = await createServiceDatabase('payment-state');
  const { serviceUrl: databaseUrl, ownerUrl: databaseOwnerUrl } = database;
  const config = { instance: 'spec-1', databaseUrl, databaseOwnerUrl, brokers: ['127.0.0.1:1'] };
  const parts = await openParts({ name: 'payment-state', config, migrations: MIGRATIONS });
  await openLanes(parts.pool, 'payments');
  return {
    database,
    parts,
    log: await parts.openLog('payments'),
    async drop() {
      await parts.pool.end();
      await database.drop();
    },
  };
}
