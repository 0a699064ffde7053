import type { Pool, PoolClient } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { COPIED_COLUMNS, decodeRows } from './binary-copy.js';
import type { LaneHead, LogRow } from './log.js';
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

/**
 * Every row of the log as of one moment, in batches, by lane and position. The generator's return
 * value, also given to `onCut` before the first row, is the exact cut: the head of each lane.
 */
export async function* readAllAtCut(
  pool: Pool,
  schema: string,
  onCut: (heads: LaneHead[]) => void = () => undefined,
): AsyncGenerator<LogRow[], LaneHead[]> {
  const client = await pool.connect();
  let finished = false;
  try {
    await beginMoment(client);
    const heads = await readHeads(client, schema);
    onCut(heads);
    yield* copyRows(client, schema, 'true');
    await client.query('commit');
    finished = true;
    return heads;
  } finally {
    client.release(!finished); // A reader that stops early leaves COPY half way: not reusable.
  }
}

export async function readHeads(client: PoolClient, schema: string): Promise<LaneHead[]> {
  const { rows } = await client.query<{ lane: number; next: string; hash: Buffer }>(
    statement('read-heads.sql', schema),
  );
  return rows.map(({ lane, next, hash }) => ({ lane, next: BigInt(next), hash }));
}

/** `condition` is SQL of our own, never text from outside: COPY takes no parameters. */
export function copyRows(
  client: PoolClient,
  schema: string,
  condition: string,
): AsyncGenerator<LogRow[]> {
  const select = `select ${COPIED_COLUMNS} from ${schema}.rows where ${condition}`;
  const copy = copyTo(`copy (${select} order by lane, position) to stdout (format binary)`);
  return decodeRows(client.query(copy));
}

async function beginMoment(client: PoolClient): Promise<void> {
  await client.query(`begin isolation level repeatable read read only;
    set local transaction_timeout = 0; set local idle_in_transaction_session_timeout = 0`);
}
