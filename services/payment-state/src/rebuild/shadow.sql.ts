import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type { LaneHead } from '@paylog/event-sourcing';
import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Refolded } from './refold.js';

/** One rebuild at a time: the shadow has one name. Held by the session, so a killed rebuild blocks nobody. */
export async function lockRebuild(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    `select pg_try_advisory_lock(hashtextextended('paylog.rebuild payments', 0)) as locked`,
  );
  return rows[0]?.locked === true;
}

/** For a next rebuild that begins at once. */
export async function unlockRebuild(client: ClientBase): Promise<void> {
  await client.query(`select pg_advisory_unlock(hashtextextended('paylog.rebuild payments', 0))`);
}

/** The live read model and the heads it belongs to, in one snapshot; kept as a table of this session. */
export async function cutLive(client: ClientBase): Promise<LaneHead[]> {
  await client.query('begin isolation level repeatable read');
  try {
    const heads = await readHeads(client);
    await client.query(`create temp table at_cut as select ${COMPARED} from query.payments`);
    await client.query('commit');
    await client.query('analyze at_cut');
    return heads;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

async function readHeads(client: ClientBase, locked = ''): Promise<LaneHead[]> {
  const { rows } = await client.query<{ lane: number; next: string; hash: Buffer }>(
    `select lane, next_position as next, hash from payments.lanes order by lane ${locked}`,
  );
  return rows.map(({ lane, next, hash }) => ({ lane, next: BigInt(next), hash }));
}

/** No append gets a number until the transaction ends; readers notice nothing. */
export function lockHeads(client: ClientBase): Promise<LaneHead[]> {
  return readHeads(client, 'for no key update');
}

/** An empty table like the read model's, grants included. What a killed rebuild left is dropped. */
export async function createShadow(client: ClientBase): Promise<void> {
  await client.query('drop table if exists query.payments_shadow');
  await client.query('create table query.payments_shadow (like query.payments including all)');
}

export async function dropShadow(client: ClientBase): Promise<void> {
  await client.query('drop table if exists query.payments_shadow');
}

/** A lane's payments; answers how many. */
export async function copyIntoShadow(
  client: ClientBase,
  payments: Iterable<Refolded>,
): Promise<number> {
  let count = 0;
  function* lines() {
    for (const payment of payments) {
      count += 1;
      yield copyLine(payment);
    }
  }
  await pipeline(
    Readable.from(lines()),
    client.query(copyFrom(`copy query.payments_shadow (${COLUMNS}) from stdin`)),
  );
  return count;
}

/** Payments that had news since the cut. */
export async function upsertIntoShadow(
  client: ClientBase,
  payments: readonly Refolded[],
): Promise<void> {
  await client.query(
    `insert into query.payments_shadow as held (${COLUMNS})
     select p."paymentId", p.version, p.storefront, p."orderId", p.attempt, p.label, p.final, p.state::jsonb, p."updatedAt"
     from jsonb_to_recordset($1) as p("paymentId" text, version int, storefront text, "orderId" text, attempt int,
       label text, final boolean, state text, "updatedAt" timestamptz)
     on conflict (payment_id) do update set
       version = excluded.version, storefront = excluded.storefront, order_id = excluded.order_id,
       attempt = excluded.attempt, label = excluded.label, final = excluded.final, state = excluded.state,
       updated_at = excluded.updated_at
     where held.version < excluded.version`,
    [JSON.stringify(payments)],
  );
}

export interface Difference {
  readonly paymentId: string;
  readonly found: 'only in the log' | 'only in the projection' | 'another state';
}

export interface Comparison {
  /** Hex sha256 over every payment's state, in order of payment ids. */
  readonly digests: { readonly log: string; readonly projection: string };
  readonly differing: number;
  /** The first 100, by payment id. */
  readonly differences: readonly Difference[];
}

/** Shadow against the live read model at the cut: what is known of each payment, never when or how often it was told. */
export async function compare(client: ClientBase): Promise<Comparison> {
  await client.query('analyze query.payments_shadow');
  const log = await digestOf(client, 'query.payments_shadow');
  const projection = await digestOf(client, 'at_cut');
  const { rows } = await client.query<Difference & { total: string }>(
    `select coalesce(s.payment_id, l.payment_id) as "paymentId",
       case when l.payment_id is null then 'only in the log'
            when s.payment_id is null then 'only in the projection'
            else 'another state' end as found,
       count(*) over () as total
     from (select payment_id, ${DIGEST} as digest from query.payments_shadow) s
     full join (select payment_id, ${DIGEST} as digest from at_cut) l using (payment_id)
     where s.digest is distinct from l.digest
     order by 1 limit 100`,
  );
  return {
    digests: { log, projection },
    differing: Number(rows[0]?.total ?? 0),
    differences: rows.map(({ paymentId, found }) => ({ paymentId, found })),
  };
}

async function digestOf(client: ClientBase, table: string): Promise<string> {
  const { rows } = await client.query<{ digest: string }>(
    `select encode(sha256(coalesce(string_agg(${DIGEST}, ''::bytea order by payment_id), '')), 'hex') as digest
     from ${table}`,
  );
  return rows[0]?.digest ?? '';
}

/** The shadow becomes the read model: in the transaction that holds the heads, so no append comes in between. */
export async function swapShadow(client: ClientBase): Promise<void> {
  await client.query('drop table query.payments');
  await client.query('alter table query.payments_shadow rename to payments');
}

const COMPARED = 'payment_id, storefront, order_id, attempt, label, final, state';
const COLUMNS =
  'payment_id, version, storefront, order_id, attempt, label, final, state, updated_at';
const DIGEST =
  "sha256(convert_to(jsonb_build_array(payment_id, storefront, order_id, attempt, label, final, state)::text, 'utf8'))";

function copyLine(payment: Refolded): string {
  const { paymentId, version, storefront, orderId, attempt, label, final, state, updatedAt } =
    payment;
  const fields = [paymentId, version, storefront, orderId, attempt, label, final, state, updatedAt];
  return `${fields.map(copyField).join('\t')}\n`;
}

/** COPY's text format: a backslash escapes, `\N` is null. */
function copyField(value: string | number | boolean | null): string {
  if (value === null) return '\\N';
  return String(value).replace(/[\\\t\n\r]/g, (each) => ESCAPES[each] ?? each);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};
