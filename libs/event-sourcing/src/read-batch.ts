import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';
import type { LogRow } from './log.js';
import { keptStatement } from './log-sql.js';
import { toLogRow, type StoredRow } from './stored-row.js';

const atReadBatch = crossing('event-sourcing.read-batch');

export interface ReadRows {
  readonly rows: readonly LogRow[];
  /** False: the last row was the lane's last when they were read, so nobody need look again before he is woken. */
  readonly mayBeMore: boolean;
}

interface SeenRow extends StoredRow {
  newest: string;
}

/** Rows of a lane from a position on, within both limits, but at least one if there is one. */
export async function readBatch(
  pool: Pool,
  schema: string,
  lane: number,
  from: bigint,
  limits: { rows: number; bytes: number },
): Promise<ReadRows> {
  const { rows } = await atReadBatch(() =>
    pool.query<SeenRow>({
      ...keptStatement('read-batch.sql', schema),
      values: [lane, from, limits.rows, limits.bytes],
    }),
  );
  const last = rows.at(-1);
  const mayBeMore = rows.length === limits.rows || last?.newest !== last?.position;
  return { rows: rows.map(toLogRow), mayBeMore };
}
