import { crossing } from '@paylog/failpoints';
import type { Pool, PoolClient } from 'pg';

const atCommit = crossing('reconciliation.commit');

/**
 * Runs `work` in one transaction; undefined as its answer rolls back. Repeatable read: all of it sees one moment of what
 * is known.
 */
export async function inTransaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T | undefined>,
): Promise<T | undefined> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin isolation level repeatable read');
    const answer = await work(client);
    await atCommit(() => client.query(answer === undefined ? 'rollback' : 'commit'));
    return answer;
  } catch (error) {
    await client.query('rollback').catch((lost: Error) => {
      broken = lost;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
