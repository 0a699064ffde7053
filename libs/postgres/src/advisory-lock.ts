import type { Pool } from 'pg';
import { ADVISORY_LOCK } from './advisory-lock.sql.js';

type Step = <T>(query: () => Promise<T>) => Promise<T>;

/** What is put around the two queries: the failpoints of whoever takes the lock. */
export interface LockSteps {
  readonly atLock: Step;
  readonly atUnlock: Step;
}

/**
 * Does the work if nobody else holds the lock of this name, else nothing: false. A session's lock: it goes with its
 * connection, so a dead process holds nothing.
 */
export async function underLock(
  pool: Pool,
  name: string,
  { atLock, atUnlock }: LockSteps,
  work: () => Promise<boolean>,
): Promise<boolean> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error) => {
    broken = error;
  };
  client.on('error', onError);
  try {
    const { rows } = await atLock(() =>
      client.query<{ locked: boolean }>(ADVISORY_LOCK.take, [name]),
    );
    if (rows[0]?.locked !== true) return false;
    try {
      return await work();
    } finally {
      await atUnlock(() => client.query(ADVISORY_LOCK.release, [name]));
    }
  } catch (error) {
    broken ??= error as Error; // With the connection goes a lock that may still be held.
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}
