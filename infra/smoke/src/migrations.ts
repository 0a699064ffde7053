import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { StatefulService } from '@paylog/local';
import { createDataSource, migrate } from '@paylog/postgres';

type Migrations = NonNullable<Parameters<typeof createDataSource>[1]['migrations']>;

/** A service's tables, by its own migrations. Nothing imports a service: its built files are taken as they are shipped. */
export async function migrateWithShipped(
  service: StatefulService,
  ownerUrl: string,
  code: string,
): Promise<void> {
  const file = join(code, 'services', service, 'dist', 'migrations', 'index.js');
  const { MIGRATIONS } = (await import(pathToFileURL(file).href)) as { MIGRATIONS: Migrations };
  const source = createDataSource(ownerUrl, { migrations: MIGRATIONS });
  try {
    await migrate(source);
  } finally {
    await source.destroy();
  }
}
