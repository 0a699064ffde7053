import { declareFailpoints, failpoint } from '@paylog/failpoints';
import type { Pool } from 'pg';
import { LaneOwner } from './lane-owner.js';
import type { Lease } from './lease.js';
import {
  FLUSH_APPENDS_MAX,
  type EventLog,
  type InputOffset,
  type Logger,
  type LogRow,
} from './log.js';
import { readBatch } from './read-batch.js';

declareFailpoints(['event-sourcing.follow.before', 'event-sourcing.follow.after']);

/** Half a flush, as what follows from a row is often longer than the row. */
const BATCH_BYTES_MAX = 2 * 1024 * 1024;

export interface FollowedBatch {
  lane: number;
  rows: readonly LogRow[];
  /** To be committed together with the effects: `log.append(appends, { input })`. */
  input: InputOffset;
}

export interface FollowerOptions {
  /** Of the log that is read. */
  pool: Pool;
  /** The log that is read. */
  log: Pick<EventLog, 'schema' | 'lanes'>;
  /** The log whose offsets hold the cursor, under the source `log:<schema of the log that is read>`. */
  cursor: Pick<EventLog, 'schema' | 'offset'>;
  /** `fenced`: the append answered `offset_moved`; the stored cursor is read again. */
  into(batch: FollowedBatch): Promise<'committed' | 'fenced'>;
  logger: Logger;
  /** For whom nobody waits: rows are gathered about so long, and handled in few commits. Default 0. */
  gatherMs?: number;
  /** Source of the cursor; default `log:<schema>`. */
  source?: string;
}

export interface Follower {
  stop(): Promise<void>;
}

/**
 * Reads a log of our own, each lane in order and by one process. The cursor is committed by `into`
 * with its effects, so a row is in effect once; a batch whose `into` throws is given again.
 */
export async function startFollower(options: FollowerOptions): Promise<Follower> {
  const { pool, log, cursor, logger } = options;
  const owner = new LaneOwner({
    pool,
    schema: log.schema,
    purpose: `follower ${cursor.schema}`,
    lanes: Array.from({ length: log.lanes }, (_, lane) => lane),
    logger,
    run: (lane, lease) => follow(options, lane, lease),
  });
  await owner.start();
  return { stop: () => owner.stop() };
}

async function follow(options: FollowerOptions, lane: number, lease: Lease): Promise<void> {
  const { pool, log, cursor, into, gatherMs = 0, source = `log:${log.schema}` } = options;
  const limits = { rows: FLUSH_APPENDS_MAX, bytes: BATCH_BYTES_MAX };
  let from = (await cursor.offset(source, lane)) ?? 0n;
  while (!lease.signal.aborted) {
    lease.listen();
    const { rows, mayBeMore } = await readBatch(pool, log.schema, lane, from, limits);
    if (lease.signal.aborted) return;
    if (rows.length === 0) {
      await untilRows(lease, gatherMs);
      continue;
    }
    const to = from + BigInt(rows.length);
    await failpoint('event-sourcing.follow.before');
    const outcome = await into({ lane, rows, input: { source, partition: lane, from, to } });
    await failpoint('event-sourcing.follow.after');
    from = outcome === 'committed' ? to : ((await cursor.offset(source, lane)) ?? 0n);
    // Not looked for once more: whatever has come since ends this at once.
    if (outcome === 'committed' && !mayBeMore) await untilRows(lease, gatherMs);
  }
}

/** Those who gather go by the same clock, so that all lanes are read in one question. */
async function untilRows(lease: Lease, gatherMs: number): Promise<void> {
  await lease.idle();
  if (gatherMs > 0) await lease.pause(gatherMs - (Date.now() % gatherMs));
}
