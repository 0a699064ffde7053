import type { Pool, PoolClient } from 'pg';
import type { EventLog, InputOffset, LaneHead, Logger, LogRow, RelayTarget } from './log.js';

export interface RelayOptions {
  pool: Pool;
  schema: string;
  /** Which lanes; default all. */
  lanes?: number[];
  target: RelayTarget;
  logger: Logger;
  /** Called in the transaction that re-imports rows from the topic: refold what they change. */
  onReimported?: (client: PoolClient, rows: readonly LogRow[]) => Promise<void>;
}
export interface RelayStatus {
  lanes: {
    lane: number;
    state: 'elsewhere' | 'opening' | 'relaying' | 'failing' | 'refused';
    position: bigint;
    error?: string;
  }[];
}
export interface Relay {
  stop(): Promise<void>;
  status(): RelayStatus;
}
export function startRelay(_options: RelayOptions): Promise<Relay> {
  throw new Error('being written');
}
export interface FollowedBatch {
  lane: number;
  rows: readonly LogRow[];
  /** Commit it with the effects: `into.append(appends, { input })`. */
  input: InputOffset;
}
export interface FollowerOptions {
  pool: Pool;
  /** The log that is read. */
  log: EventLog;
  /** The log whose offsets hold the cursor, under the source `log:<schema of log>`. */
  cursor: Pick<EventLog, 'offset'>;
  /** Distinguishes followers of one log; part of the lock's name. Default the cursor log's schema. */
  name?: string;
  into(batch: FollowedBatch): Promise<'committed' | 'fenced'>;
  logger: Logger;
}
export interface Follower {
  stop(): Promise<void>;
}
export function startFollower(_options: FollowerOptions): Promise<Follower> {
  throw new Error('being written');
}
export type Verification =
  { ok: true; rows: bigint } | { ok: false; lane: number; position: bigint; problem: string };
export function verify(
  _pool: Pool,
  _schema: string,
  _opts?: { topic?: RelayTarget },
): Promise<Verification> {
  throw new Error('being written');
}
/** Batches in (lane, position) order; the generator's return value is the exact cut. */
export async function* readAllAtCut(
  _pool: Pool,
  _schema: string,
): AsyncGenerator<LogRow[], LaneHead[]> {
  throw new Error('being written');
}
