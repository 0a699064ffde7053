import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';
import type { LogRow } from './log.js';
import { statement } from './log-sql.js';
import { toLogRow, type StoredRow } from './stored-row.js';

const atReadBatch = crossing('event-sourcing.read-batch');

/** Rows of a lane from a position on, within both limits, but at least one if there is one. */
export async function readBatch(
  pool: Pool,
  schema: string,
  lane: number,
  from: bigint,
  limits: { rows: number; bytes: number },
): Promise<LogRow[]> {
  const values = [lane, from, limits.rows, limits.bytes];
  const { rows } = await atReadBatch(() =>
    pool.query<StoredRow>(statement('read-batch.sql', schema), values),
  );
  return rows.map(toLogRow);
}
