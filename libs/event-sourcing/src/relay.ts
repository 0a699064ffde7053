import { crossing, declareFailpoints, failpoint } from '@paylog/failpoints';
import type { Pool, PoolClient } from 'pg';
import { LogFault } from './fault.js';
import { LaneOwner } from './lane-owner.js';
import type { Lease } from './lease.js';
import type { Logger, LogRow, RelayTarget } from './log.js';
import { statement } from './log-sql.js';
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
  readonly #advance: string;
  #cursor: RelayCursor = { position: 0n, nextOffset: 0n };

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
    this.#advance = statement('advance-cursor.sql', options.schema);
  }

  async run(): Promise<void> {
    try {
      this.#say('opening');
      this.#cursor = await openLane({ ...this.#options, lane: this.#lane });
      this.#say('relaying');
      while (!this.#lease.signal.aborted) await this.#relayBatch();
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
    const rows = await readBatch(pool, schema, this.#lane, position, limits);
    if (this.#lease.signal.aborted) return;
    if (rows.length === 0) return this.#lease.idle();

    await failpoint('event-sourcing.publish.before');
    const nextOffset = await target.publish(this.#lane, rows);
    await failpoint('event-sourcing.publish.after');
    if (this.#lease.signal.aborted) return;
    const next = position + BigInt(rows.length);
    const values = [this.#lane, position, next, nextOffset];
    await failpoint('event-sourcing.cursor.before');
    const { rowCount } = await this.#lease.session.query(this.#advance, values);
    await failpoint('event-sourcing.cursor.after');
    if (rowCount !== 1) throw new Error(`the cursor of lane ${this.#lane} was moved by another`);
    this.#cursor = { position: next, nextOffset };
    this.#say('relaying');
  }

  #say(state: LaneStatus['state'], error?: string): void {
    const status: LaneStatus = { lane: this.#lane, state, position: this.#cursor.position };
    this.#report(error === undefined ? status : { ...status, error });
  }
}
