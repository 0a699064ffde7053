import {
  type DatabaseUrls,
  newFolder,
  provisionPostgres,
  removeAtEnd,
  startNativePostgres,
} from '@paylog/local';
import { createDataSource, migrate } from '@paylog/postgres';
import { shipped } from './shipped.js';

/** A Postgres of the bench's own, durable like a real one, with payment-state's empty database. */
export interface PaymentDatabase extends DatabaseUrls {
  /** Connects to the database as superuser. */
  readonly superuserUrl: string;
  stop(): Promise<void>;
}

export async function startPaymentDatabase(): Promise<PaymentDatabase> {
  const folder = newFolder('bench');
  removeAtEnd(folder);
  const postgres = await startNativePostgres({ folder });
  try {
    const urls = (await provisionPostgres(postgres.url, 'bench'))['payment-state'];
    await migrateWithShipped('payment-state', urls.ownerUrl);
    const superuserUrl = new URL(postgres.url);
    superuserUrl.pathname = new URL(urls.url).pathname;
    return { ...urls, superuserUrl: superuserUrl.href, stop: () => postgres.stop() };
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
