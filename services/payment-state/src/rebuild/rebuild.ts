import type { EventLog, LaneHead } from '@paylog/event-sourcing';
import { failpoint } from '@paylog/failpoints';
import type { Pool, PoolClient } from 'pg';
import { LaneRefold } from './refold.js';
import {
  type Comparison,
  compare,
  copyIntoShadow,
  createShadow,
  cutLive,
  dropShadow,
  lockHeads,
  lockRebuild,
  swapShadow,
  unlockRebuild,
  upsertIntoShadow,
} from './shadow.sql.js';
import { fromLog, type RowSource } from './sources.js';

export interface RebuildOptions {
  /** As the owner of the database: the shadow is a table. */
  readonly pool: Pool;
  readonly log: Pick<EventLog, 'readLane' | 'readStreams' | 'heads'>;
  readonly source: RowSource;
  /** Swap although the two differ: the refolded state is the right one by definition. */
  readonly swap: boolean;
}

export interface Rebuilt extends Comparison {
  readonly payments: number;
  readonly events: number;
  readonly equal: boolean;
  readonly swapped: boolean;
}

/** So few news may be folded while the heads are locked. */
const NEWS_UNDER_LOCK_MAX = 200n;
const CATCH_UPS_MAX = 20;

/**
 * Folds every payment's facts anew, up to an exact cut, and compares with what the read model said at that cut. The
 * service goes on: appends wait only for the swap.
 */
export async function rebuild(options: RebuildOptions): Promise<Rebuilt> {
  const client = await options.pool.connect();
  try {
    if (!(await lockRebuild(client))) throw new Error('another rebuild is running; wait for it');
    const result = await underLock(client, options);
    await unlockRebuild(client);
    return result;
  } finally {
    client.release(true); // With the session goes its table; its lock, too, though the server may take a moment.
  }
}

async function underLock(
  client: PoolClient,
  { log, source, swap }: RebuildOptions,
): Promise<Rebuilt> {
  const cut = await cutLive(client);
  await createShadow(client);
  let payments = 0;
  let events = 0;
  for (const head of cut) {
    const lane = new LaneRefold();
    for await (const rows of source(head)) {
      lane.add(rows);
      events += rows.length;
    }
    payments += await copyIntoShadow(client, lane.payments());
  }
  const comparison = await compare(client);
  const equal = comparison.differing === 0;
  const swapped = equal || swap;
  if (swapped) await catchUpAndSwap(client, log, cut);
  else await dropShadow(client);
  return { payments, events, equal, swapped, ...comparison };
}

async function catchUpAndSwap(
  client: PoolClient,
  log: RebuildOptions['log'],
  cut: readonly LaneHead[],
): Promise<void> {
  let known = cut;
  for (let round = 0; round < CATCH_UPS_MAX; round++) {
    const heads = await log.heads();
    if (newsBetween(known, heads) <= NEWS_UNDER_LOCK_MAX) break;
    await catchUp(client, log, known, heads);
    known = heads;
  }
  await client.query('begin');
  try {
    // A long read would make everybody queue behind our swap: give up instead, nothing is lost.
    await client.query(`set local lock_timeout = '1s'`);
    await catchUp(client, log, known, await lockHeads(client));
    await failpoint('payment-state.rebuild.swap.before');
    await swapShadow(client);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

function newsBetween(known: readonly LaneHead[], heads: readonly LaneHead[]): bigint {
  const total = (all: readonly LaneHead[]) => all.reduce((sum, { next }) => sum + next, 0n);
  return total(heads) - total(known);
}

/** Whatever has rows since the cut is folded as a whole, a batch of rows at a time. */
async function catchUp(
  client: PoolClient,
  log: RebuildOptions['log'],
  known: readonly LaneHead[],
  heads: readonly LaneHead[],
): Promise<void> {
  for (const { lane, next, hash } of heads) {
    const from = known.find((each) => each.lane === lane)?.next ?? 0n;
    for await (const news of fromLog(log)({ lane, next, hash }, from)) {
      const refold = new LaneRefold();
      const streams = await log.readStreams(news.map(({ stream }) => stream));
      for (const rows of streams.values()) refold.add(rows);
      await upsertIntoShadow(client, [...refold.payments()]);
    }
  }
}
