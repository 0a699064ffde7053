import { crossing, declareFailpoints, failpoint } from '@paylog/failpoints';
import type { Pool, PoolClient } from 'pg';
import { LogFault } from './fault.js';
import { LaneOwner } from './lane-owner.js';
import type { Lease } from './lease.js';
import type { Logger, LogRow, RelayTarget } from './log.js';
import { type KeptStatement, keptStatement, statement } from './log-sql.js';
import { openLane, type RelayCursor } from './open-lane.js';
import { readBatch } from './read-batch.js';

declareFailpoints([
  'event-sourcing.publish.before',
  'event-sourcing.publish.after',
  'event-sourcing.cursor.before',
  'event-sourcing.cursor.after',
]);
const atRelayLanes = crossing('event-sourcing.relay-lanes');

const BATCH_ROWS_MAX = 500;
const BATCH_BYTES_MAX = 512 * 1024;
const DIVERGED_RETRY_MS = 30_000;
/**
 * The stored cursor only says where a next owner begins to compare the lane with its topic: it need not be written for
 * each small batch, and may be this much behind.
 */
const NOTE_EVERY_MS = 1_000;

export interface RelayOptions {
  pool: Pool;
  schema: string;
  /** Which lanes; default all. */
  lanes?: readonly number[];
  target: RelayTarget;
  logger: Logger;
  /** Called in the transaction that re-imports rows from the topic: refold what they change. */
  onReimported?: (client: PoolClient, rows: readonly LogRow[]) => Promise<void>;
}

export interface LaneStatus {
  lane: number;
  /** `refused`: topic and log differ, the lane takes no appends until a person has decided. */
  state: 'elsewhere' | 'opening' | 'relaying' | 'failing' | 'refused';
  /** The topic holds all rows below. */
  position: bigint;
  error?: string;
}

export interface Relay {
  stop(): Promise<void>;
  status(): { lanes: LaneStatus[] };
}

/**
 * Publishes a log's rows, in order, one message a row: what the target holds of a lane is always a
 * prefix of it. One process relays a lane at a time; the lane is compared with its topic first and
 * opened for appends then. Resolves before lanes are open: a target that answers nobody is waited for.
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const { pool, schema, logger } = options;
  const lanes = options.lanes ?? (await allLanes(pool, schema));
  const statuses = new Map<number, LaneStatus>();
  const owner = new LaneOwner({
    pool,
    schema,
    purpose: 'relay',
    lanes,
    logger,
    run: (lane, lease) => new LaneRelay(options, lane, lease, (s) => statuses.set(lane, s)).run(),
  });
  await owner.start();
  return {
    stop: () => owner.stop(),
    status: () => ({
      lanes: lanes.map((lane) => {
        const status = statuses.get(lane);
        if (status && owner.owns(lane)) return status;
        return { lane, state: 'elsewhere', position: status?.position ?? 0n };
      }),
    }),
  };
}

async function allLanes(pool: Pool, schema: string): Promise<number[]> {
  const { rows } = await atRelayLanes(() =>
    pool.query<{ lane: number }>(statement('read-heads.sql', schema)),
  );
  return rows.map(({ lane }) => lane);
}

class LaneRelay {
  readonly #options: RelayOptions;
  readonly #lane: number;
  readonly #lease: Lease;
  readonly #report: (status: LaneStatus) => void;
  readonly #advance: KeptStatement;
  #cursor: RelayCursor = { position: 0n, nextOffset: 0n };
  #noted: RelayCursor = this.#cursor;
  #notedAt = 0;

  constructor(
    options: RelayOptions,
    lane: number,
    lease: Lease,
    report: (status: LaneStatus) => void,
  ) {
    this.#options = options;
    this.#lane = lane;
    this.#lease = lease;
    this.#report = report;
    this.#advance = keptStatement('advance-cursor.sql', options.schema);
  }

  async run(): Promise<void> {
    try {
      this.#say('opening');
      this.#cursor = this.#noted = await openLane({ ...this.#options, lane: this.#lane });
      this.#notedAt = Date.now();
      this.#say('relaying');
      while (!this.#lease.signal.aborted) await this.#relayBatch();
      // Given away in order; a lost session takes nothing any more.
      await this.#note().catch(() => undefined);
    } catch (error) {
      if (error instanceof LogFault && error.code === 'lane_diverged') {
        this.#options.logger.error({ err: error, lane: this.#lane }, error.message);
        this.#say('refused', error.message);
        await this.#lease.pause(DIVERGED_RETRY_MS);
        return;
      }
      this.#say('failing', error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  async #relayBatch(): Promise<void> {
    const { pool, schema, target } = this.#options;
    const { position } = this.#cursor;
    this.#lease.listen();
    const limits = { rows: BATCH_ROWS_MAX, bytes: BATCH_BYTES_MAX };
    const { rows, mayBeMore } = await readBatch(pool, schema, this.#lane, position, limits);
    if (this.#lease.signal.aborted) return;
    if (rows.length === 0) return this.#idle();

    await failpoint('event-sourcing.publish.before');
    const nextOffset = await target.publish(this.#lane, rows);
    await failpoint('event-sourcing.publish.after');
    if (this.#lease.signal.aborted) return;
    const next = position + BigInt(rows.length);
    this.#cursor = { position: next, nextOffset };
    this.#say('relaying');
    if (Date.now() - this.#notedAt >= NOTE_EVERY_MS) await this.#note();
    if (!mayBeMore) await this.#idle();
  }

  /** Until there are new rows; what is not noted by then is noted on the way. */
  async #idle(): Promise<void> {
    if (this.#noted === this.#cursor) return this.#lease.idle();
    await this.#lease.idle(NOTE_EVERY_MS);
    if (Date.now() - this.#notedAt >= NOTE_EVERY_MS) await this.#note();
  }

  async #note(): Promise<void> {
    const { position, nextOffset } = this.#cursor;
    if (this.#noted === this.#cursor) return;
    await failpoint('event-sourcing.cursor.before');
    const values = [this.#lane, this.#noted.position, position, nextOffset];
    const { rowCount } = await this.#lease.session.query(this.#advance, values);
    await failpoint('event-sourcing.cursor.after');
    if (rowCount !== 1) throw new Error(`the cursor of lane ${this.#lane} was moved by another`);
    this.#noted = this.#cursor;
    this.#notedAt = Date.now();
  }

  #say(state: LaneStatus['state'], error?: string): void {
    const status: LaneStatus = { lane: this.#lane, state, position: this.#cursor.position };
    this.#report(error === undefined ? status : { ...status, error });
  }
}
