import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { FoldRow } from '../binary-copy.js';
import { copyLane } from '../cut.js';
import type { LaneHead, LogRow, RelayTarget } from '../log.js';

/** The rows of a lane below its head, in order, a batch at a time. What they hold is lent until the next batch. */
export type RowSource = (head: LaneHead) => AsyncIterable<readonly FoldRow[]>;

const ROWS_AT_ONCE = 2_000;
const ASK_AGAIN_MS = 200;

/** The log itself, by COPY. */
export function fromLog(pool: Pool, schema: string): RowSource {
  return async function* (head) {
    let next = 0n;
    for await (const rows of copyLane(pool, schema, head)) {
      for (const { position } of rows) {
        if (position !== next) break;
        next += 1n;
      }
      yield rows;
    }
    if (next === head.next) return;
    throw new Error(`lane ${head.lane} has no row ${next}, below its head ${head.next}: verify`);
  };
}

/** How long the relay may leave us without a row that the log held when the rebuild began. */
export const RELAY_DEADLINE_MS = 30_000;

/**
 * The topic's copy, up to the same head. The relay may be behind: what is missing is waited for. A
 * relay that came back may have sent rows twice; a partition still holds a prefix of its lane.
 */
export function fromTopic(
  target: Pick<RelayTarget, 'read'>,
  deadlineMs = RELAY_DEADLINE_MS,
): RowSource {
  return async function* ({ lane, next: head }) {
    let next = 0n;
    let offset = 0n;
    let heard = Date.now();
    const late = () => behind(lane, next, head, deadlineMs);
    while (next < head) {
      let batch: LogRow[] = [];
      for await (const row of within(deadlineMs, late, target.read(lane, offset))) {
        offset = row.offset + 1n;
        if (row.position > next) throw hole(lane, next, row.position);
        if (row.position < next) continue;
        next += 1n;
        batch.push(row);
        if (batch.length === ROWS_AT_ONCE) {
          yield batch;
          batch = [];
        }
        heard = Date.now();
        if (next === head) break;
      }
      if (batch.length > 0) yield batch;
      if (next === head) return;
      if (Date.now() - heard > deadlineMs) throw late();
      await sleep(ASK_AGAIN_MS);
    }
  };
}

/** A broker that is away answers nothing, not even an error: such a read is left behind. */
async function* within<T>(
  ms: number,
  late: () => Error,
  rows: AsyncIterable<T>,
): AsyncGenerator<T> {
  const iterator = rows[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await new Promise<IteratorResult<T, unknown>>((resolve, reject) => {
        const timer = setTimeout(() => reject(late()), ms);
        void iterator
          .next()
          .then(resolve, reject)
          .finally(() => clearTimeout(timer));
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not waited for: it comes after the answer that may never come.
    void iterator.return?.().catch(() => undefined);
  }
}

const hole = (lane: number, expected: bigint, found: bigint) =>
  new Error(
    `partition ${lane} goes on with position ${found} where ${expected} is due: the topic has lost rows. ` +
      'The log in Postgres still has them: run verify, then publish the partition anew.',
  );

const behind = (lane: number, at: bigint, head: bigint, deadlineMs: number) =>
  new Error(
    `after ${deadlineMs} ms without news the relay has published lane ${lane} up to position ${at}, not to ${head}: ` +
      'start the service, or look at its health and at the broker, then rebuild again.',
  );
