import type { Logger } from '@paylog/observability';
import type { Pool } from 'pg';

export interface ImportLoop {
  /** Resolves when the round at hand has ended. */
  stop(): Promise<void>;
  /** The last round ended without a fault, or another process does the rounds. */
  healthy(): boolean;
}

export interface ImportLoopOptions {
  readonly pool: Pool;
  /** Of the lock: one process at a time per account. */
  readonly account: string;
  readonly everyMs: number;
  readonly round: () => Promise<void>;
  readonly logger: Logger;
}

const BACKOFF_MS_MAX = 30_000;

/** Rounds, one after the other, while this process holds the account's lock; a failed one is tried again, less and less often. */
export function startImportLoop(options: ImportLoopOptions): ImportLoop {
  const { pool, account, everyMs, round, logger } = options;
  const stopping = new AbortController();
  let failures = 0;
  const run = async () => {
    while (!stopping.signal.aborted) {
      try {
        await underLock(pool, `statements:${account}`, round);
        failures = 0;
      } catch (error) {
        failures += 1;
        if (!stopping.signal.aborted) {
          logger.warn({ err: error, account, failures }, 'statements are not up to date');
        }
      }
      const backoff = Math.min(everyMs * 2 ** failures, Math.max(BACKOFF_MS_MAX, everyMs));
      await pause(backoff, stopping.signal);
    }
  };
  const running = run();
  return {
    stop() {
      stopping.abort();
      return running;
    },
    healthy: () => failures === 0,
  };
}

/**
 * A session's lock goes with its connection, so a dead process holds nothing. It only saves work: what keeps two
 * importers apart for certain are row locks and unique keys.
 */
async function underLock(pool: Pool, name: string, work: () => Promise<void>): Promise<void> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error) => {
    broken = error;
  };
  client.on('error', onError);
  try {
    const { rows } = await client.query<{ locked: boolean }>(
      `select pg_try_advisory_lock(hashtextextended($1, 0)) as locked`,
      [name],
    );
    if (rows[0]?.locked !== true) return;
    try {
      await work();
    } finally {
      await client.query(`select pg_advisory_unlock(hashtextextended($1, 0))`, [name]);
    }
  } catch (error) {
    broken ??= error as Error; // With the connection goes a lock that may still be held.
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
