import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atEvidenceBetween = crossing('webhook-ingest.evidence-between');
const atSameEvents = crossing('webhook-ingest.same-events');
const atFactsOf = crossing('webhook-ingest.facts-of');

/** A piece of evidence in its log. */
export interface EvidenceRow {
  readonly lane: number;
  readonly position: bigint;
  readonly data: Buffer;
}

export interface Range {
  /** RFC 3339, UTC, by the time of receipt: from this on, until just before that. */
  readonly from: string;
  readonly to: string;
}

/** Evidence of a range in the order of its log, `after` a place. */
export async function evidenceBetween(
  pool: Pool,
  { from, to }: Range,
  after: { readonly lane: number; readonly position: bigint },
  limit: number,
): Promise<EvidenceRow[]> {
  const { rows } = await atEvidenceBetween(() =>
    pool.query<{ lane: number; position: string; data: Buffer }>({
      name: 'evidence-between',
      text: `select lane, position, data from evidence.rows
        where (lane, position) > ($1, $2) and type in ('WebhookReceived', 'EventPolled') and time >= $3 and time < $4
        order by lane, position limit $5`,
      values: [after.lane, after.position, from, to, limit],
    }),
  );
  return rows.map((row) => ({ ...row, position: BigInt(row.position) }));
}

/** All evidence of the payments that these pieces told of: other deliveries of their events are among it. */
export async function besides(pool: Pool, evidence: readonly string[]): Promise<EvidenceRow[]> {
  const { rows } = await atSameEvents(() =>
    pool.query<{ lane: number; position: string; data: Buffer }>({
      name: 'evidence-besides',
      text: `select distinct r.lane, r.position, r.data
        from mapped_evidence mine
        join mapped_evidence other on other.payment_id = mine.payment_id
        join evidence.rows r on r.stream = other.evidence_id and r.version = 1
        where mine.evidence_id = any($1)`,
      values: [evidence],
    }),
  );
  return rows.map((row) => ({ ...row, position: BigInt(row.position) }));
}

export interface FactRow {
  readonly stream: string;
  readonly causationId: string | null;
  readonly data: Buffer;
}

/**
 * Facts of the payments that these pieces of evidence told of or tell of now, and, with `everywhere`, of any other payment
 * that they are the cause of: a delivery of many things may tell of many.
 */
export async function factsOf(
  pool: Pool,
  evidence: readonly string[],
  payments: readonly string[],
  everywhere: boolean,
): Promise<FactRow[]> {
  const { rows } = await atFactsOf(() =>
    pool.query<{ stream: string; causation_id: string | null; data: Buffer }>({
      name: `facts-of-evidence${everywhere ? '-everywhere' : ''}`,
      text: `select stream, causation_id, data from facts.rows where stream in (
          select unnest($2::text[]) union
          select payment_id from mapped_evidence where evidence_id = any($1)
          ${everywhere ? 'union select stream from facts.rows where causation_id = any($1)' : ''})
        order by stream, version`,
      values: [evidence, payments],
    }),
  );
  return rows.map(({ causation_id, ...row }) => ({ ...row, causationId: causation_id }));
}
