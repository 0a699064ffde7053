import type { Pool } from 'pg';

export interface VerifiedBodies {
  readonly ok: boolean;
  /** How many are what, or the first that is not what it should be. */
  readonly said: string;
}

type State = 'intact' | 'redacted' | 'expired' | 'tampered' | 'missing' | 'stray';

/**
 * Bodies lie beside the evidence that names their digests. Each must be the bytes that were signed, or the log `archive`
 * must say what became of it: replaced by these other bytes (redacted), or gone with its month (expired).
 */
const STATES = `
  with announced as (
    select stream, convert_from(data, 'utf8')::jsonb as what from archive.rows where version = 1
  ), evidence as (
    select r.lane, r.position, r.stream as id, convert_from(r.data, 'utf8')::jsonb ->> 'sha256' as signed,
      to_char(r.time::timestamptz at time zone 'utc', 'YYYY-MM') as month
    from evidence.rows r
  ), judged as (
    select e.lane, e.position, coalesce(e.id, b.evidence_id) as id, case
      when e.id is null then 'stray'
      when b.body is null then case when x.stream is null then 'missing' else 'expired' end
      when encode(sha256(b.body), 'hex') = e.signed then 'intact'
      when encode(sha256(b.body), 'hex') = r.what ->> 'replacementSha256' then 'redacted'
      else 'tampered' end as state
    from evidence e full join evidence_bodies b on b.evidence_id = e.id
      left join announced x on x.stream = 'expired/' || e.month
      left join announced r on r.stream = 'redacted/' || e.id
  )
  select state, count(*) as count,
    (array_agg(json_build_object('id', id, 'lane', lane, 'position', position) order by lane, position))[1] as first
  from judged group by state`;

const WRONG: Partial<Record<State, string>> = {
  tampered: 'its body was changed',
  missing: 'its body is gone, and nothing says why',
  stray: 'a body without evidence',
};

/** In the database of webhook-ingest. */
export async function verifyBodies(pool: Pool): Promise<VerifiedBodies> {
  const { rows } = await pool.query<{
    state: State;
    count: string;
    first: { id: string; lane: number | null; position: number | null };
  }>(STATES);
  for (const { state, first, count } of rows) {
    const problem = WRONG[state];
    if (problem === undefined) continue;
    const place = first.lane === null ? '' : `lane ${first.lane}, row ${first.position}, `;
    return { ok: false, said: `${place}evidence ${first.id}: ${problem} (${state}: ${count})` };
  }
  const of = (state: State) => rows.find((row) => row.state === state)?.count ?? '0';
  const said = `${of('intact')} bodies have the digests of their rows, ${of('redacted')} are redacted, ${of('expired')} expired`;
  return { ok: true, said };
}
