import pg from 'pg';

/** The part of pino that this package uses. */
export interface PoolLogger {
  warn(fields: object, message: string): void;
}

export interface PoolOptions {
  /** Shown as `application_name`: the service's instance, for example `intent-1`. */
  name: string;
  /** Connections at most. Default 10. */
  max?: number;
  /** How long to wait for a connection, new or free, in ms. Default 800: lost means 503 at once. */
  connectTimeoutMs?: number;
  /** Longest transaction in ms; default 30,000. Also ends a call whose client froze half way. */
  transactionTimeoutMs?: number;
  logger?: PoolLogger;
}

/**
 * The service's connections. `synchronous_commit` is on whatever the server's default, because a
 * commit that is answered must be on disk.
 */
export function createPool(url: string, options: PoolOptions): pg.Pool {
  const { name, max = 10, connectTimeoutMs = 800, transactionTimeoutMs = 30_000 } = options;
  const pool = new pg.Pool({
    connectionString: url,
    application_name: name,
    max,
    connectionTimeoutMillis: connectTimeoutMs,
    idle_in_transaction_session_timeout: 5_000,
    keepAlive: true,
    options: `-c synchronous_commit=on -c transaction_timeout=${transactionTimeoutMs}`,
  });
  // Without a listener a connection that breaks would end the process: the pool has one while it is
  // idle, but none while it is checked out; then its query fails as well, and the caller is told.
  pool.on('connect', (client) => client.on('error', () => undefined));
  pool.on('error', (error) => {
    options.logger?.warn({ err: error, pool: name }, 'an idle database connection was lost');
  });
  return pool;
}

/**
 * A connection of its own with the pool's address and credentials, for what belongs to a session:
 * advisory locks, LISTEN. The caller connects and ends it.
 */
export function dedicatedClient(pool: pg.Pool, applicationName: string): pg.Client {
  const { options } = pool;
  // The pool hides these two from enumeration, so that they don't end up in logs.
  const { password, ssl } = options;
  return new pg.Client({
    ...options,
    ...(password !== undefined && { password }),
    ...(ssl !== undefined && { ssl }),
    application_name: applicationName,
  });
}

/**
 * Refuses a database that answers a commit before it is on disk. Checked at start, because a server
 * or role setting could say otherwise than the pool does.
 */
export async function assertDurableCommits(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ setting: string }>(
    `select current_setting('synchronous_commit') as setting`,
  );
  const setting = rows[0]?.setting ?? 'unknown';
  if (!['on', 'remote_apply'].includes(setting)) {
    throw new Error(
      `synchronous_commit is "${setting}": an answered commit could be lost. ` +
        'Use createPool, or set synchronous_commit = on for this role.',
    );
  }
}
