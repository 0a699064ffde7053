import {
  canonicalJson,
  fromWireFact,
  PAYMENT_PARTITIONS,
  toWirePayment,
  type WireFact,
} from '@paylog/contracts';
import { type Fact, fold } from '@paylog/payment-domain';
import type { Pool } from 'pg';
import { type Refolder, sumOfVersions } from '../refolder.js';

const PAGE = 1_000;
const INSERT = 1_000;
const TABLE = 'query.by_select';

/**
 * How one usually writes it: pages of a thousand events by keyset on the primary key, parsed and folded by the same
 * function, the new table filled by inserts of a thousand rows, and a digest over it and over the live table. Spared: the
 * schema of an event is not checked, nobody writes meanwhile, and differences are not named.
 */
export const pagedSelect: Refolder = {
  key: 'paged select',
  role: 'peer',
  async run(pool) {
    await pool.query(
      `drop table if exists ${TABLE}; create table ${TABLE} (like query.payments including all)`,
    );
    let events = 0;
    for (let lane = 0; lane < PAYMENT_PARTITIONS; lane++) events += await refoldLane(pool, lane);
    const [fresh, live] = [await digestOf(pool, TABLE), await digestOf(pool, 'query.payments')];
    if (fresh !== live) throw new Error('the peer folded another state than was loaded');
    return events;
  },
  count: (pool) => sumOfVersions(pool, TABLE),
};

interface Event {
  readonly position: string;
  readonly stream: string;
  readonly version: number;
  readonly time: string;
  readonly data: string;
}

interface Stream {
  readonly facts: Fact[];
  version: number;
  time: string;
}

async function refoldLane(pool: Pool, lane: number): Promise<number> {
  const streams = new Map<string, Stream>();
  let events = 0;
  for (let after = '-1'; ;) {
    const { rows } = await pool.query<Event>({
      name: 'page of events',
      text: `select position, stream, version, time, convert_from(data, 'utf8') as data
             from payments.rows where lane = $1 and position > $2 order by position limit ${PAGE}`,
      values: [lane, after],
    });
    for (const row of rows) take(streams, row);
    events += rows.length;
    after = rows.at(-1)?.position ?? after;
    if (rows.length < PAGE) break;
  }
  const all = [...streams];
  for (let i = 0; i < all.length; i += INSERT) await insert(pool, all.slice(i, i + INSERT));
  return events;
}

function take(streams: Map<string, Stream>, { stream, version, time, data }: Event): void {
  const { fact } = JSON.parse(data) as { fact: WireFact };
  const known = streams.get(stream);
  if (known) {
    known.facts.push(fromWireFact(fact));
    [known.version, known.time] = [version, time];
  } else {
    streams.set(stream, { facts: [fromWireFact(fact)], version, time });
  }
}

async function insert(pool: Pool, streams: readonly [string, Stream][]): Promise<void> {
  const rows = streams.map(([id, { facts, version, time }]) => {
    const payment = fold(facts);
    const { terms, label, final } = payment;
    const state = canonicalJson(toWirePayment(payment));
    return [
      id,
      version,
      terms?.storefront,
      terms?.orderId,
      terms?.attempt,
      label,
      final,
      state,
      time,
    ];
  });
  await pool.query({
    name: 'insert payments',
    text: `insert into ${TABLE}
             (payment_id, version, storefront, order_id, attempt, label, final, state, updated_at)
           select * from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::int[], $6::text[],
             $7::boolean[], $8::jsonb[], $9::timestamptz[])`,
    values: Array.from({ length: 9 }, (_, column) => rows.map((row) => row[column] ?? null)),
  });
}

async function digestOf(pool: Pool, table: string): Promise<string> {
  const { rows } = await pool.query<{ digest: string }>(
    `select encode(sha256(string_agg(sha256(convert_to(
       jsonb_build_array(payment_id, storefront, order_id, attempt, label, final, state)::text, 'utf8')),
       ''::bytea order by payment_id)), 'hex') as digest from ${table}`,
  );
  return rows[0]?.digest ?? '';
}
