import { crossing } from '@paylog/failpoints';
import { type Loop, startLoop } from '@paylog/kafka';
import type { Logger } from '@paylog/observability';
import type { Pool } from 'pg';

const atImportLock = crossing('reconciliation.import-lock');
const atImportUnlock = crossing('reconciliation.import-unlock');

export interface ImportLoop extends Loop {
  /** The last round ended without a fault, or another process does the rounds. */
  healthy(): boolean;
}

export interface ImportLoopOptions {
  readonly pool: Pool;
  /** Names the lock: one process at a time per account. */
  readonly account: string;
  readonly everyMs: number;
  readonly round: () => Promise<void>;
  readonly logger: Logger;
}

/** Rounds, one after the other, by whichever process holds the account's lock. */
export function startImportLoop(options: ImportLoopOptions): ImportLoop {
  const { pool, account, everyMs, round, logger } = options;
  let failed = false;
  const complaint = `statements of ${account} are not up to date`;
  const { stop } = startLoop(everyMs, logger, complaint, async () => {
    const done = underLock(pool, `statements:${account}`, round);
    failed = await done.then(
      () => false,
      () => true,
    );
    await done;
    return false;
  });
  return { stop, healthy: () => !failed };
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
    const { rows } = await atImportLock(() =>
      client.query<{ locked: boolean }>(
        `select pg_try_advisory_lock(hashtextextended($1, 0)) as locked`,
        [name],
      ),
    );
    if (rows[0]?.locked !== true) return;
    try {
      await work();
    } finally {
      await atImportUnlock(() =>
        client.query(`select pg_advisory_unlock(hashtextextended($1, 0))`, [name]),
      );
    }
  } catch (error) {
    broken ??= error as Error; // With the connection goes a lock that may still be held.
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}
