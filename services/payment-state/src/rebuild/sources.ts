import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog, LaneHead, LogRow, RelayTarget } from '@paylog/event-sourcing';

/** The rows of a lane below its head, in order, a batch at a time. */
export type RowSource = (head: LaneHead) => AsyncIterable<readonly LogRow[]>;
type LaneReader = (head: LaneHead, from?: bigint) => AsyncIterable<readonly LogRow[]>;

const ROWS_AT_ONCE = 2_000;
const ASK_AGAIN_MS = 200;

/** Rows below a head never change, so any number of reads make one exact cut. */
export function fromLog(log: Pick<EventLog, 'readLane'>): LaneReader {
  return async function* (head, from = 0n) {
    for (let next = from; next < head.next;) {
      const room = Number(head.next - next);
      const rows = await log.readLane(head.lane, next, Math.min(room, ROWS_AT_ONCE));
      if (rows.length === 0) {
        throw new Error(`lane ${head.lane} ends at ${next}, before its head ${head.next}: verify`);
      }
      yield rows;
      next += BigInt(rows.length);
    }
  };
}

/** How long the relay may take to publish what the log held when the rebuild began. */
export const RELAY_DEADLINE_MS = 30_000;

/**
 * The topic's copy, up to the same head. The relay may be behind: what is missing is waited for. A relay that came back
 * may have sent rows twice; a partition still holds a prefix of its lane.
 */
export function fromTopic(
  target: Pick<RelayTarget, 'read'>,
  deadlineMs = RELAY_DEADLINE_MS,
): RowSource {
  return async function* ({ lane, next: head }) {
    const deadline = Date.now() + deadlineMs;
    let next = 0n;
    let offset = 0n;
    while (next < head) {
      let batch: LogRow[] = [];
      for await (const row of target.read(lane, offset)) {
        offset = row.offset + 1n;
        if (row.position > next) throw hole(lane, next, row.position);
        if (row.position < next) continue;
        next += 1n;
        batch.push(row);
        if (batch.length === ROWS_AT_ONCE || next === head) {
          yield batch;
          batch = [];
        }
        if (next === head) return;
      }
      if (batch.length > 0) yield batch;
      if (next === head) return;
      if (Date.now() > deadline) throw behind(lane, next, head, deadlineMs);
      await sleep(ASK_AGAIN_MS);
    }
  };
}

const hole = (lane: number, expected: bigint, found: bigint) =>
  new Error(
    `partition ${lane} goes on with position ${found} where ${expected} is due: the topic has lost rows. ` +
      'The log in Postgres still has them: run verify, then publish the partition anew.',
  );

const behind = (lane: number, at: bigint, head: bigint, deadlineMs: number) =>
  new Error(
    `after ${deadlineMs} ms the relay has published lane ${lane} up to position ${at}, not to ${head}: ` +
      'start payment-state, or look at its health, then rebuild again.',
  );
