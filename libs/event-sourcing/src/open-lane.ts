import { randomUUID } from 'node:crypto';
import { crossing } from '@paylog/failpoints';
import { sqlState } from '@paylog/postgres';
import type { Pool, PoolClient } from 'pg';
import { rowDigest } from './digest.js';
import { LogFault } from './fault.js';
import { CallWriter } from './call-writer.js';
import { writeReimport } from './flush-values.js';
import type { LogRow, RelayTarget } from './log.js';
import { keptStatement, statement } from './log-sql.js';
import { PreparedCall } from './prepared-call.js';

const atReadCursor = crossing('event-sourcing.read-cursor');
const atCloseLane = crossing('event-sourcing.close-lane');
const atOpenLane = crossing('event-sourcing.open-lane');
const atSetCursor = crossing('event-sourcing.set-cursor');
const atCompare = crossing('event-sourcing.compare');
const atReimport = crossing('event-sourcing.reimport');

/** Rows below `position` are in the topic, at offsets below `nextOffset`. */
export interface RelayCursor {
  position: bigint;
  nextOffset: bigint;
}

export interface OpenLaneOptions {
  pool: Pool;
  schema: string;
  lane: number;
  target: RelayTarget;
  /** Runs in the transaction of each re-imported batch: refold what its rows change. */
  onReimported?: ((client: PoolClient, rows: readonly LogRow[]) => Promise<void>) | undefined;
}

const BATCH_ROWS = 500;
const BATCH_BYTES = 4 * 1024 * 1024;

export async function readCursor(pool: Pool, schema: string, lane: number): Promise<RelayCursor> {
  const { rows } = await atReadCursor(() =>
    pool.query<{ position: string; next_offset: string }>(statement('read-cursor.sql', schema), [
      lane,
    ]),
  );
  const row = rows[0];
  if (!row) throw new Error(`the log ${schema} has no lane ${lane}`);
  return { position: BigInt(row.position), nextOffset: BigInt(row.next_offset) };
}

/**
 * Compares the lane with its topic from the last known offset on, then opens it for appends. What the
 * topic has and the log lacks (a restored backup, a promoted standby) is re-imported byte for byte.
 * Throws `lane_diverged` when both have a row at one position and the two differ: two histories were
 * written, and a person must choose.
 */
export async function openLane(options: OpenLaneOptions): Promise<RelayCursor> {
  const { pool, schema, lane, target } = options;
  const cursor = await readCursor(pool, schema, lane);
  let batch: LogRow[] = [];
  let bytes = 0;
  try {
    for await (const row of target.read(lane, cursor.nextOffset)) {
      batch.push(row);
      bytes += row.data.length;
      cursor.nextOffset = row.offset + 1n;
      if (batch.length < BATCH_ROWS && bytes < BATCH_BYTES) continue;
      await compareBatch(options, batch, cursor);
      batch = [];
      bytes = 0;
    }
    if (batch.length > 0) await compareBatch(options, batch, cursor);
  } catch (error) {
    if (error instanceof LogFault && error.code === 'lane_diverged') {
      await atCloseLane(() => pool.query(statement('close-lane.sql', schema), [lane]));
    }
    throw error;
  }
  await atOpenLane(() => pool.query(statement('open-lane.sql', schema), [lane]));
  return cursor;
}

/** Moves `cursor.position` behind the batch; what the log lacks of it is stored first. */
async function compareBatch(
  options: OpenLaneOptions,
  batch: readonly LogRow[],
  cursor: RelayCursor,
): Promise<void> {
  const { pool, schema, lane } = options;
  const stored = await storedDigests(pool, schema, lane, batch);
  let next = stored.next;
  const missing: LogRow[] = [];
  for (const row of batch) {
    checkOwnDigest(schema, lane, row);
    const known =
      stored.digests.get(row.position) ?? missing[Number(row.position - stored.next)]?.digest;
    if (known) {
      if (!known.equals(row.digest)) throw diverged(schema, row, 'another row than the log');
    } else if (row.position === next) {
      missing.push(row);
      next += 1n;
    } else {
      throw diverged(
        schema,
        row,
        `a row beyond the log's end at ${next}: a part is missing in both`,
      );
    }
    if (row.position >= cursor.position) cursor.position = row.position + 1n;
  }
  if (missing.length > 0) await reimport(options, missing);
  const values = [lane, cursor.position, cursor.nextOffset];
  await atSetCursor(() => pool.query(statement('set-cursor.sql', schema), values));
}

async function storedDigests(
  pool: Pool,
  schema: string,
  lane: number,
  batch: readonly LogRow[],
): Promise<{ next: bigint; digests: Map<bigint, Buffer> }> {
  const positions = batch.map(({ position }) => position);
  const { rows } = await atCompare(() =>
    pool.query<{
      next: string;
      position: string | null;
      digest: Buffer | null;
    }>(statement('stored-digests.sql', schema), [lane, positions]),
  );
  const digests = new Map<bigint, Buffer>();
  for (const { position, digest } of rows) {
    if (position !== null && digest !== null) digests.set(BigInt(position), digest);
  }
  return { next: BigInt(rows[0]?.next ?? 0), digests };
}

async function reimport(options: OpenLaneOptions, rows: readonly LogRow[]): Promise<void> {
  const { pool, schema, lane, onReimported } = options;
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    await client.query(reimportCall(schema, lane, rows)).answer;
    await onReimported?.(client, rows);
    await atReimport(() => client.query('commit'));
  } catch (error) {
    broken = error instanceof Error ? error : new Error(String(error));
    await client.query('rollback').catch(() => undefined);
    const first = rows[0];
    // A stream's version that is taken by another row: also two histories.
    if (first && sqlState(error) === '23505') throw diverged(schema, first, broken.message);
    throw error;
  } finally {
    client.release(broken);
  }
}

function reimportCall(schema: string, lane: number, rows: readonly LogRow[]): PreparedCall {
  const call = keptStatement('call-reimport.sql', schema);
  const writer = new CallWriter().begin(call.name);
  writeReimport(writer, randomUUID(), lane, rows);
  return new PreparedCall(call, writer.end());
}

function checkOwnDigest(schema: string, lane: number, row: LogRow): void {
  if (row.lane !== lane) throw diverged(schema, row, `a row of lane ${row.lane}`);
  if (!rowDigest(row).equals(row.digest)) {
    throw diverged(schema, row, 'a row that its own digest does not fit');
  }
}

function diverged(schema: string, { lane, position, id }: LogRow, what: string): LogFault {
  return new LogFault(
    'lane_diverged',
    false,
    `lane ${lane} of ${schema} stays closed: at position ${position} (event ${id}) its topic holds ` +
      `${what}. Two histories were written; compare both, then restore the one that is true.`,
  );
}
