import type { Pool, PoolClient } from 'pg';

export interface TransactionOptions {
  /** Repeatable read: all of the work sees one moment. Default read committed. */
  readonly isolation?: 'read committed' | 'repeatable read';
  /** What is put around the commit: the failpoints of whoever commits. */
  readonly atCommit?: <T>(query: () => Promise<T>) => Promise<T>;
}

/**
 * Does the work in one transaction of its own connection and answers what it answers. Undefined as its answer rolls back,
 * and so does a fault, which is thrown on. A commit that fails may have been done: look before doing it again.
 */
export async function inTransaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T | undefined>,
  { isolation = 'read committed', atCommit = (query) => query() }: TransactionOptions = {},
): Promise<T | undefined> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(`begin isolation level ${isolation}`);
    const answer = await work(client);
    await atCommit(() => client.query(answer === undefined ? 'rollback' : 'commit'));
    return answer;
  } catch (error) {
    await client.query('rollback').catch((lost: Error) => {
      broken = lost; // Nobody may get a connection whose transaction is still open.
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
