import {
  type DatabaseUrls,
  newFolder,
  provisionPostgres,
  removeAtEnd,
  startNativePostgres,
  type StatefulService,
} from '@paylog/local';
import { createDataSource, migrate } from '@paylog/postgres';
import pg from 'pg';
import { shipped } from './shipped.js';

/** A Postgres of the bench's own, durable like a real one, with payment-state's empty database. */
export interface PaymentDatabase extends DatabaseUrls {
  /** Connects to the database as superuser. */
  readonly superuserUrl: string;
  stop(): Promise<void>;
}

export async function startPaymentDatabase(): Promise<PaymentDatabase> {
  const databases = await startServiceDatabases(['payment-state']);
  const urls = databases.urls['payment-state'];
  const superuserUrl = new URL(databases.superuserUrl);
  superuserUrl.pathname = new URL(urls.url).pathname;
  return { ...urls, superuserUrl: superuserUrl.href, stop: () => databases.stop() };
}

/** The empty databases of some services on one Postgres. */
export interface ServiceDatabases<Service extends string> {
  readonly urls: Readonly<Record<Service, DatabaseUrls>>;
  readonly superuserUrl: string;
  stop(): Promise<void>;
}

/** `fast`: without fsync, where only what is counted matters and no time is taken. */
export async function startServiceDatabases<Service extends StatefulService>(
  services: readonly Service[],
  { fast = false } = {},
): Promise<ServiceDatabases<Service>> {
  const folder = newFolder('bench');
  removeAtEnd(folder);
  const postgres = await startNativePostgres({ folder, fast });
  try {
    const urls = await provisionPostgres(postgres.url, 'bench');
    for (const service of services) await migrateWithShipped(service, urls[service].ownerUrl);
    return { urls, superuserUrl: postgres.url, stop: () => postgres.stop() };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

type Migrations = NonNullable<Parameters<typeof createDataSource>[1]['migrations']>;

async function migrateWithShipped(service: string, ownerUrl: string): Promise<void> {
  const { MIGRATIONS } = await shipped<{ MIGRATIONS: Migrations }>(service, 'migrations/index.js');
  const source = createDataSource(ownerUrl, { migrations: MIGRATIONS });
  try {
    await migrate(source);
  } finally {
    await source.destroy();
  }
}

/**
 * No checkpoint but those that the bench asks for, before each round: during a load of gigabytes there would be one after
 * the other, each followed by an image of every page, and one in the middle of a round would be a round's bad luck.
 */
export async function withoutCheckpoints(superuserUrl: string): Promise<void> {
  const server = new pg.Client({ connectionString: superuserUrl });
  await server.connect();
  try {
    await server.query(`alter system set max_wal_size = '16GB'`);
    await server.query(`alter system set checkpoint_timeout = '1h'`);
    await server.query('select pg_reload_conf()');
  } finally {
    await server.end();
  }
}
