import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atBodies = crossing('webhook-ingest.bodies');
const atResolve = crossing('webhook-ingest.resolve');
const atOrderNames = crossing('webhook-ingest.order-names');
const atKnownFacts = crossing('webhook-ingest.known-facts');
const atResolvable = crossing('webhook-ingest.resolvable');
const atQueryCounts = crossing('webhook-ingest.query-counts');

/** Bodies by evidence id; absent where one is gone. The time leads to the month's partition. */
export async function bodiesOf(
  pool: Pool,
  evidence: readonly { readonly id: string; readonly receivedAt: string }[],
): Promise<Map<string, Buffer>> {
  const { rows } = await atBodies(() =>
    pool.query<{ evidence_id: string; body: Buffer }>({
      name: 'evidence-bodies',
      text: `select b.evidence_id, b.body
           from unnest($1::text[], $2::timestamptz[]) as e(id, received_at)
           join evidence_bodies b on b.evidence_id = e.id and b.received_at = e.received_at`,
      values: [evidence.map(({ id }) => id), evidence.map(({ receivedAt }) => receivedAt)],
    }),
  );
  return new Map(rows.map(({ evidence_id, body }) => [evidence_id, body]));
}

/** Payments by the gateway's ids, where we know them. */
export async function paymentsOf(
  pool: Pool,
  references: readonly string[],
): Promise<Map<string, string>> {
  if (references.length === 0) return new Map();
  const { rows } = await atResolve(() =>
    pool.query<{ reference: string; payment_id: string }>({
      name: 'payments-by-reference',
      text: 'select reference, payment_id from payment_references where reference = any($1)',
      values: [references],
    }),
  );
  return new Map(rows.map(({ reference, payment_id }) => [reference, payment_id]));
}

/** Order ids of payments, where their terms have come. */
export async function ordersOf(
  pool: Pool,
  payments: readonly string[],
): Promise<Map<string, string>> {
  if (payments.length === 0) return new Map();
  const { rows } = await atOrderNames(() =>
    pool.query<{ payment_id: string; order_id: string }>({
      name: 'orders-of-payments',
      text: 'select payment_id, order_id from payment_orders where payment_id = any($1)',
      values: [[...new Set(payments)]],
    }),
  );
  return new Map(rows.map(({ payment_id, order_id }) => [payment_id, order_id]));
}

/** Which of these facts the log holds. */
export async function knownFacts(pool: Pool, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const { rows } = await atKnownFacts(() =>
    pool.query<{ key: string }>({
      name: 'known-facts',
      text: 'select key from facts.keys where key = any($1)',
      values: [ids],
    }),
  );
  return new Set(rows.map(({ key }) => key));
}

/** Parked webhooks for which one of their references has become known. */
export async function resolvable(pool: Pool, limit: number): Promise<string[]> {
  const { rows } = await atResolvable(() =>
    pool.query<{ id: string }>({
      name: 'resolvable-webhooks',
      text: `select distinct p.id from facts.parked p
           join awaited_references a on a.parked_id = p.id
           join payment_references r on r.reference = a.reference
           where p.status = 'parked' and p.kind = 'unresolved' limit $1`,
      values: [limit],
    }),
  );
  return rows.map(({ id }) => id);
}

export interface EvidenceCounts {
  readonly stored: string;
  readonly facts: string;
  readonly ignored: string;
  readonly unresolved: string;
  readonly unreadable: string;
}

/** What is stored, and what became of it. */
export async function evidenceCounts(pool: Pool): Promise<EvidenceCounts> {
  const { rows } = await atQueryCounts(() =>
    pool.query<EvidenceCounts>(`
    select (select coalesce(sum(next_position), 0) from evidence.lanes) as stored,
      count(*) filter (where outcome = 'facts') as facts,
      count(*) filter (where outcome = 'ignored') as ignored,
      count(*) filter (where outcome = 'unresolved') as unresolved,
      count(*) filter (where outcome = 'unreadable') as unreadable
    from mapped_evidence`),
  );
  return rows[0] as EvidenceCounts;
}
