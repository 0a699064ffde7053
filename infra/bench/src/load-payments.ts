import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { blockHash, GENESIS, rowDigest } from '@paylog/event-sourcing';
import type { Pool } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { binaryCopy, type Field, int4, int8, text } from './binary-rows.js';
import type { StoredEvent, StoredPayment } from './payment-histories.js';

/** Payments that are told about in the same while: their events lie mixed in the log. */
const AT_THE_SAME_TIME = 2_000;
/** A block a group commit; so many rows are a usual batch under load. */
const BLOCK_ROWS_MAX = 250;

interface Placed {
  readonly payment: StoredPayment;
  readonly event: StoredEvent;
  readonly version: number;
}

/** Rows to be written, table by table: the fields in the order of `COLUMNS`. */
type Rows = Record<keyof typeof COLUMNS, (readonly Field[])[]>;

const COLUMNS = {
  'payments.rows':
    'lane, position, stream, version, id, type, schema_version, source, time, correlation_id, ' +
    'causation_id, traceparent, key, data, digest',
  'payments.blocks': 'lane, first_position, row_count, hash, previous_hash, flush_id',
  'payments.keys': 'key, digest, lane, position',
  'query.payments': 'payment_id, version, storefront, order_id, attempt, label, final, state',
} as const;

/**
 * Fills payment-state's empty database with payments as `append()` would have left them: gapless positions and versions,
 * digests, a chain of blocks a lane, keys, and the read model. By COPY, because a million appends would take minutes.
 */
export async function loadPayments(pool: Pool, payments: Iterable<StoredPayment>): Promise<void> {
  const lanes = new Map<number, Lane>();
  for (const group of groupsOf(payments, AT_THE_SAME_TIME)) {
    const rows: Rows = {
      'payments.rows': [],
      'payments.blocks': [],
      'payments.keys': [],
      'query.payments': group.map(readModelRow),
    };
    for (const [number, placed] of interleaved(group)) {
      let lane = lanes.get(number);
      if (!lane) lanes.set(number, (lane = new Lane(number)));
      for (let i = 0; i < placed.length; i += BLOCK_ROWS_MAX) {
        lane.addBlock(placed.slice(i, i + BLOCK_ROWS_MAX), rows);
      }
    }
    await write(pool, rows);
  }
  for (const lane of lanes.values()) {
    await pool.query('update payments.lanes set next_position = $2, hash = $3 where lane = $1', [
      lane.number,
      lane.next,
      lane.hash,
    ]);
  }
}

/** Each payment's first event, then each one's second, and so on; by lane. */
function interleaved(group: readonly StoredPayment[]): Map<number, Placed[]> {
  const lanes = new Map<number, Placed[]>();
  for (let i = 0; group.some(({ events }) => events[i]); i++) {
    for (const payment of group) {
      const event = payment.events[i];
      if (!event) continue;
      const lane = lanes.get(payment.lane);
      const placed = { payment, event, version: i + 1 };
      if (lane) lane.push(placed);
      else lanes.set(payment.lane, [placed]);
    }
  }
  return lanes;
}

class Lane {
  next = 0n;
  hash: Buffer = GENESIS;

  constructor(readonly number: number) {}

  addBlock(placed: readonly Placed[], rows: Rows): void {
    const first = this.next;
    const digests = placed.map((each) => this.addRow(each, rows));
    const hash = blockHash(this.hash, first, digests);
    rows['payments.blocks'].push([
      int4(this.number),
      int8(first),
      int4(placed.length),
      hash,
      this.hash,
      Buffer.from(randomUUID().replaceAll('-', ''), 'hex'),
    ]);
    this.hash = hash;
  }

  private addRow({ payment, event, version }: Placed, rows: Rows): Buffer {
    const { paymentId: stream } = payment;
    const { id, type, time, data } = event;
    const row = { lane: this.number, stream, version, id, type, schemaVersion: 1, time, data };
    const told = { source: 'payment-state', correlationId: stream, causationId: id, key: id };
    const digest = rowDigest({ ...row, ...told });
    const position = int8(this.next);
    const name = text(id);
    rows['payments.rows'].push([
      int4(this.number),
      position,
      text(stream),
      int4(version),
      name,
      text(type),
      int4(1),
      text(told.source),
      text(time),
      text(stream),
      name,
      undefined,
      name,
      data,
      digest,
    ]);
    rows['payments.keys'].push([name, event.contentDigest, int4(this.number), position]);
    this.next += 1n;
    return digest;
  }
}

function readModelRow({ paymentId, events, row }: StoredPayment): readonly Field[] {
  return [
    text(paymentId),
    int4(events.length),
    text(row.storefront),
    text(row.orderId),
    int4(row.attempt),
    text(row.label),
    Buffer.from([row.final ? 1 : 0]),
    text(row.state),
  ];
}

/** The tables side by side, each on a connection of its own. */
async function write(pool: Pool, rows: Rows): Promise<void> {
  const tables = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];
  await Promise.all(
    tables.map(async (table) => {
      const client = await pool.connect();
      try {
        const copy = `copy ${table} (${COLUMNS[table]}) from stdin (format binary)`;
        await pipeline(Readable.from(binaryCopy(rows[table])), client.query(copyFrom(copy)));
      } finally {
        client.release();
      }
    }),
  );
}

function* groupsOf<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let group: T[] = [];
  for (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
