import type { Pool, PoolClient } from 'pg';
import { copyFolded, type FoldRow } from './binary-copy.js';
import type { LaneHead } from './log.js';
import { statement } from './log-sql.js';

/** Runs `read` in one read-only transaction that sees one moment of the log, however long it takes. */
export async function atOneMoment<T>(
  pool: Pool,
  read: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  try {
    await beginMoment(client);
    const result = await read(client);
    await client.query('commit');
    client.release();
    return result;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

/** What a fold looks at of the rows of a lane below its head, in batches. They never change, so their reads need no common moment. */
export async function* copyLane(
  pool: Pool,
  schema: string,
  { lane, next }: LaneHead,
): AsyncGenerator<FoldRow[]> {
  const client = await pool.connect();
  let finished = false;
  try {
    await beginMoment(client);
    yield* copyFolded(client, schema, `lane = ${lane} and position < ${next}`);
    await client.query('commit');
    finished = true;
  } finally {
    client.release(!finished); // A reader that stops early leaves COPY half way: not reusable.
  }
}

export function readHeads(client: PoolClient, schema: string): Promise<LaneHead[]> {
  return queryHeads(client, statement('read-heads.sql', schema));
}

/** No append gets a position until the transaction ends; readers notice nothing. */
export function lockHeads(client: PoolClient, schema: string): Promise<LaneHead[]> {
  return queryHeads(client, `${statement('read-heads.sql', schema)} for no key update`);
}

async function queryHeads(client: PoolClient, sql: string): Promise<LaneHead[]> {
  const { rows } = await client.query<{ lane: number; next: string; hash: Buffer }>(sql);
  return rows.map(({ lane, next, hash }) => ({ lane, next: BigInt(next), hash }));
}

/** A lane is read along its index: the planner would rather sort a big one, on disk, before the first row comes. */
async function beginMoment(client: PoolClient): Promise<void> {
  await client.query(`begin isolation level repeatable read read only;
    set local transaction_timeout = 0; set local idle_in_transaction_session_timeout = 0;
    set local enable_sort = off; set local enable_bitmapscan = off`);
}
