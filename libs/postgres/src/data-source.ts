import { DataSource, type DataSourceOptions } from 'typeorm';

export interface DataSourceParts {
  /** Shown as `application_name`. Default `paylog-migrations`. */
  name?: string;
  entities?: NonNullable<DataSourceOptions['entities']>;
  migrations?: NonNullable<DataSourceOptions['migrations']>;
}

/** TypeORM for migrations, and for entities of read models. `synchronize` is off for good. */
export function createDataSource(ownerUrl: string, parts: DataSourceParts): DataSource {
  return new DataSource({
    type: 'postgres',
    url: ownerUrl,
    applicationName: parts.name ?? 'paylog-migrations',
    entities: parts.entities ?? [],
    migrations: parts.migrations ?? [],
    migrationsTableName: 'schema_migrations',
    migrationsTransactionMode: 'each',
    synchronize: false,
    // Two: one holds the lock of `migrate`, the other runs the migrations.
    poolSize: 2,
    connectTimeoutMS: 5_000,
  });
}

/**
 * Runs the migrations that are missing, and answers their names. Safe when several processes start
 * at once: the first one does the work, the others wait for it and find nothing to do.
 */
export async function migrate(dataSource: DataSource): Promise<string[]> {
  if (!dataSource.isInitialized) await dataSource.initialize();
  const lock = dataSource.createQueryRunner();
  try {
    await lock.query(`select pg_advisory_lock(hashtextextended('paylog.migrate', 0))`);
    const done = await dataSource.runMigrations();
    return done.map(({ name }) => name);
  } finally {
    await lock
      .query(`select pg_advisory_unlock(hashtextextended('paylog.migrate', 0))`)
      .catch(() => undefined); // The lock ended with its connection.
    await lock.release();
  }
}
