import { inTransaction } from '@paylog/postgres';
import type { Pool, PoolClient } from 'pg';

/** A parked webhook whose payment nobody has named in time. */
export interface DueRow {
  readonly id: string;
  /** As the row holds it: JSON. */
  readonly evidence: string;
  /** The one that its payment goes by. */
  readonly reference: string;
  readonly references: readonly string[];
}

export interface Found {
  readonly paymentId: string;
  readonly account: string;
  readonly gateway: string;
  /** The gateway's id that the payment's id follows from. */
  readonly object: string;
}

const LOCK = 'webhook-ingest.found-payments';

/**
 * One transaction, while no other process is in one: two that looked at the same time could name one payment twice, each
 * by what it sees of it. Undefined as the answer of `work` rolls back.
 */
export function alone<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T | undefined>,
): Promise<T | undefined> {
  return inTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [LOCK]);
    return work(client);
  });
}

/** The oldest first. Not those that a reference leads to: the sweep has them. */
export async function dueRows(
  client: PoolClient,
  source: string,
  afterMs: number,
  limit: number,
): Promise<readonly DueRow[]> {
  const { rows } = await client.query<DueRow>({
    name: 'due-for-promotion',
    text: `select p.id, p.headers ->> 'evidence' as evidence, p.reference,
             array(select a.reference from awaited_references a
               where a.parked_id = p.id order by a.reference) as references
           from facts.parked p
           where p.status = 'parked' and p.kind = 'unresolved' and p.source = $1
             and p.reference is not null
             and p.parked_at < clock_timestamp() - make_interval(secs => $2 / 1000.0)
             and not exists (select from awaited_references a
               join payment_references r on r.reference = a.reference where a.parked_id = p.id)
           order by p.parked_at, p.id limit $3`,
    values: [source, afterMs, limit],
  });
  return rows;
}

interface Promotion {
  readonly found: readonly Found[];
  readonly references: readonly { readonly reference: string; readonly paymentId: string }[];
  readonly ready: readonly string[];
}

/** In one statement: the payments, what leads to them, and the rows that are now ready. */
export async function promote(client: PoolClient, promotion: Promotion): Promise<void> {
  await client.query({
    name: 'promote',
    text: `with payments as (
             insert into found_payments (payment_id, account, gateway, object, found_at)
             select f."paymentId", f.account, f.gateway, f.object, date_trunc('milliseconds', now())
             from jsonb_to_recordset($1::jsonb -> 'found')
               as f("paymentId" text, account text, gateway text, object text)
             order by 1
             on conflict do nothing
           ), named as (
             insert into payment_references (reference, payment_id)
             select r.reference, r."paymentId"
             from jsonb_to_recordset($1::jsonb -> 'references') as r(reference text, "paymentId" text)
             order by 1
             on conflict do nothing
           )
           update facts.parked set status = 'ready'
           where id in (select jsonb_array_elements_text($1::jsonb -> 'ready')) and status = 'parked'`,
    values: [JSON.stringify(promotion)],
  });
}
