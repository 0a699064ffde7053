import type { Pool } from 'pg';

/** Bodies by evidence id. */
export async function bodiesOf(pool: Pool, ids: readonly string[]): Promise<Map<string, Buffer>> {
  const { rows } = await pool.query<{ evidence_id: string; body: Buffer }>({
    name: 'evidence-bodies',
    text: 'select evidence_id, body from evidence_bodies where evidence_id = any($1)',
    values: [ids],
  });
  return new Map(rows.map(({ evidence_id, body }) => [evidence_id, body]));
}

/** Payments by the gateway's ids, where we know them. */
export async function paymentsOf(
  pool: Pool,
  references: readonly string[],
): Promise<Map<string, string>> {
  if (references.length === 0) return new Map();
  const { rows } = await pool.query<{ reference: string; payment_id: string }>({
    name: 'payments-by-reference',
    text: 'select reference, payment_id from payment_references where reference = any($1)',
    values: [references],
  });
  return new Map(rows.map(({ reference, payment_id }) => [reference, payment_id]));
}

/** Parked webhooks whose reference has become known since: what the immediate looks have missed. */
export async function resolvable(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>({
    name: 'resolvable-webhooks',
    text: `select p.id from facts.parked p join payment_references r on r.reference = p.reference
           where p.status = 'parked' and p.kind = 'unresolved' limit 1000`,
  });
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
  const { rows } = await pool.query<EvidenceCounts>(`
    select (select coalesce(sum(next_position), 0) from evidence.lanes) as stored,
      count(*) filter (where outcome = 'facts') as facts,
      count(*) filter (where outcome = 'ignored') as ignored,
      count(*) filter (where outcome = 'unresolved') as unresolved,
      count(*) filter (where outcome = 'unreadable') as unreadable
    from mapped_evidence`);
  return rows[0] as EvidenceCounts;
}
