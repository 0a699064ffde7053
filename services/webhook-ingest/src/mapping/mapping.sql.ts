import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atBodies = crossing('webhook-ingest.bodies');
const atResolve = crossing('webhook-ingest.resolve');
const atKnown = crossing('webhook-ingest.known');
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

/** A payment of which a gateway told and nobody asked us for. */
export interface FoundPayment {
  readonly account: string;
  readonly gateway: string;
  readonly object: string;
  /** RFC 3339. */
  readonly foundAt: string;
}

export interface Resolved {
  /** Payments by the gateway's ids, where we know them. */
  readonly payments: Map<string, string>;
  /** Of those payments: the ones that were found at a gateway. */
  readonly found: Map<string, FoundPayment>;
}

export async function paymentsOf(pool: Pool, references: readonly string[]): Promise<Resolved> {
  const resolved: Resolved = { payments: new Map(), found: new Map() };
  if (references.length === 0) return resolved;
  const { rows } = await atResolve(() =>
    pool.query<{ reference: string; payment_id: string; found_at: Date | null } & Found>({
      name: 'payments-by-reference',
      text: `select r.reference, r.payment_id, f.account, f.gateway, f.object, f.found_at
           from payment_references r left join found_payments f using (payment_id)
           where r.reference = any($1)`,
      values: [references],
    }),
  );
  for (const { reference, payment_id, found_at, account, gateway, object } of rows) {
    resolved.payments.set(reference, payment_id);
    if (found_at === null) continue;
    resolved.found.set(payment_id, { account, gateway, object, foundAt: found_at.toISOString() });
  }
  return resolved;
}

type Found = Omit<FoundPayment, 'foundAt'>;

/** What a batch is written upon. */
export interface Known {
  /** The present version of each payment's stream; absent where there is none. */
  readonly versions: Map<string, number>;
  /** Order ids of payments whose terms have come. */
  readonly orders: Map<string, string>;
  /** Facts that the log holds. */
  readonly facts: Set<string>;
}

/** In one question, as each costs more than what it asks for. */
export async function knownOf(
  pool: Pool,
  payments: readonly string[],
  facts: readonly string[],
): Promise<Known> {
  const known: Known = { versions: new Map(), orders: new Map(), facts: new Set() };
  if (payments.length === 0 && facts.length === 0) return known;
  const { rows } = await atKnown(() =>
    pool.query<{ payment: string | null; version: number; order_id: string | null; fact: string }>({
      name: 'known-of-batch',
      text: `select p.id as payment, coalesce(r.version, 0) as version, o.order_id, null as fact
           from unnest($1::text[]) as p(id)
           left join lateral (
             select version from facts.rows r where r.stream = p.id order by version desc limit 1
           ) r on true
           left join lateral (
             select order_id from payment_orders o where o.payment_id = p.id offset 0
           ) o on true
           union all
           select null, 0, null, k.key
           from unnest($2::text[]) as f(id)
           cross join lateral (select key from facts.keys k where k.key = f.id offset 0) k`,
      values: [payments, facts],
    }),
  );
  for (const { payment, version, order_id, fact } of rows) {
    if (payment === null) known.facts.add(fact);
    else known.versions.set(payment, version);
    if (payment !== null && order_id !== null) known.orders.set(payment, order_id);
  }
  return known;
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
