import { crossing } from '@paylog/failpoints';
import type { Pool, PoolClient } from 'pg';
import { lockHeads } from '../cut.js';
import type { FoldRow } from '../binary-copy.js';
import type { EventLog, LaneHead } from '../log.js';
import { compare, cutLive, type Comparison } from './compare.js';
import { copyIntoShadow, createShadow, dropShadow, replaceInShadow, swapShadow } from './shadow.js';
import { fromLog, type RowSource } from './sources.js';
import type { ProjectionTable, TableRow } from './table.js';

const atRebuildLock = crossing('event-sourcing.rebuild-lock');
const atRebuildCut = crossing('event-sourcing.rebuild-cut');
const atRebuildCopy = crossing('event-sourcing.rebuild-copy');
const atRebuildCompare = crossing('event-sourcing.rebuild-compare');
const atRebuildSwap = crossing('event-sourcing.rebuild-swap');
const atRebuildCommit = crossing('event-sourcing.rebuild-commit');

export interface RebuildOptions<Column extends string> {
  /** As the owner of the table, which is created and renamed. Needs three connections. */
  readonly pool: Pool;
  readonly log: Pick<EventLog, 'schema' | 'readLane' | 'readStreams' | 'heads'>;
  readonly table: ProjectionTable<Column>;
  /** The table's rows from whole streams of one lane; rows of one stream come in order. */
  refold(
    batches: AsyncIterable<readonly FoldRow[]> | Iterable<readonly FoldRow[]>,
  ): AsyncIterable<TableRow<Column>>;
  /** Default: the log. */
  readonly source?: RowSource;
  /** Swap although the two differ: the refolded table is the right one by definition. */
  readonly swap?: boolean;
}

export interface Rebuilt extends Comparison {
  /** Folded anew up to the cut. */
  readonly rows: number;
  readonly events: number;
  readonly equal: boolean;
  readonly swapped: boolean;
}

/** So few news may be folded while the heads are locked. */
const NEWS_UNDER_LOCK_MAX = 200n;
const CATCH_UPS_MAX = 20;
const BATCH_ROWS = 500;

/**
 * Folds a projection anew into a shadow table, up to an exact cut, and compares with what the live
 * table said at that cut. When the two are equal the shadow catches up and takes the live table's
 * place and grants under the heads. The service goes on: appends wait only for the swap.
 */
export async function rebuildProjection<Column extends string>(
  options: RebuildOptions<Column>,
): Promise<Rebuilt> {
  const { pool, log, table } = options;
  const client = await pool.connect();
  try {
    await client.query('set transaction_timeout = 0; set idle_in_transaction_session_timeout = 0');
    await lockRebuild(client, log.schema);
    try {
      return await underLock(client, options);
    } finally {
      // The connection ends a moment after its release: who rebuilds again at once must not meet our
      // lock. Where this fails the session is lost, and its lock with it.
      await dropShadow(client, table).catch(() => undefined);
      await unlockRebuild(client, log.schema).catch(() => undefined);
    }
  } finally {
    client.release(true); // With the session go its settings and its copy of the live table.
  }
}

/** One rebuild a log at a time. Held by the session, so a killed rebuild blocks nobody. */
async function lockRebuild(client: PoolClient, schema: string): Promise<void> {
  const { rows } = await atRebuildLock(() =>
    client.query<{ locked: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as locked',
      [lockName(schema)],
    ),
  );
  if (rows[0]?.locked !== true) {
    throw new Error(`another rebuild is running on ${schema}; wait for it`);
  }
}

async function unlockRebuild(client: PoolClient, schema: string): Promise<void> {
  await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [lockName(schema)]);
}

const lockName = (schema: string): string => `paylog.rebuild ${schema}`;

async function underLock<Column extends string>(
  client: PoolClient,
  options: RebuildOptions<Column>,
): Promise<Rebuilt> {
  const { pool, log, table, refold, source = fromLog(pool, log.schema), swap = false } = options;
  const cut = await atRebuildCut(() => cutLive(client, log.schema, table));
  await createShadow(client, table);
  let rows = 0;
  let events = 0;
  for (const head of cut) {
    const counted = countInto(source(head), (count) => (events += count));
    rows += await atRebuildCopy(() => copyIntoShadow(client, table, refold(counted)));
  }
  const comparison = await atRebuildCompare(() => compare(client, table));
  const equal = comparison.differing === 0;
  const swapped = equal || swap;
  if (swapped) await catchUpAndSwap(client, options, cut);
  return { rows, events, equal, swapped, ...comparison };
}

async function* countInto(
  batches: AsyncIterable<readonly FoldRow[]>,
  add: (count: number) => void,
): AsyncGenerator<readonly FoldRow[]> {
  for await (const batch of batches) {
    add(batch.length);
    yield batch;
  }
}

async function catchUpAndSwap<Column extends string>(
  client: PoolClient,
  options: RebuildOptions<Column>,
  cut: readonly LaneHead[],
): Promise<void> {
  const { log, table } = options;
  let known = cut;
  for (let round = 0; round < CATCH_UPS_MAX; round++) {
    const heads = await log.heads();
    if (newsBetween(known, heads) <= NEWS_UNDER_LOCK_MAX) break;
    await catchUp(client, options, known, heads);
    known = heads;
  }
  await client.query('begin');
  try {
    // A long read would make everybody queue behind our swap: give up instead, nothing is lost.
    await client.query(`set local lock_timeout = '1s'`);
    await catchUp(client, options, known, await lockHeads(client, log.schema));
    await atRebuildSwap(() => swapShadow(client, table));
    await atRebuildCommit(() => client.query('commit'));
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

function newsBetween(known: readonly LaneHead[], heads: readonly LaneHead[]): bigint {
  const total = (all: readonly LaneHead[]) => all.reduce((sum, { next }) => sum + next, 0n);
  return total(heads) - total(known);
}

/** Whatever has rows since is folded as a whole, a batch of rows at a time. */
async function catchUp<Column extends string>(
  client: PoolClient,
  { log, table, refold }: RebuildOptions<Column>,
  known: readonly LaneHead[],
  heads: readonly LaneHead[],
): Promise<void> {
  for (const { lane, next } of heads) {
    let from = known.find((each) => each.lane === lane)?.next ?? 0n;
    while (from < next) {
      const limit = Math.min(Number(next - from), BATCH_ROWS);
      const news = await log.readLane(lane, from, limit);
      if (news.length === 0) throw new Error(`lane ${lane} has no row ${from}: verify`);
      const streams = await log.readStreams(news.map(({ stream }) => stream));
      const rows: TableRow<Column>[] = [];
      for await (const row of refold(streams.values())) rows.push(row);
      await replaceInShadow(client, table, rows);
      from += BigInt(news.length);
    }
  }
}
