import type { Pool } from 'pg';
import type { RunningSystem } from './system.js';

/** A row of a log, with what proves it: its digest, and the block of the chain that holds it. */
interface ExportedRow {
  readonly lane: number;
  readonly position: string;
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly time: string;
  readonly source: string;
  readonly causationId: string | null;
  readonly data: unknown;
  readonly digest: string;
  readonly block: { readonly first: string; readonly hash: string; readonly previousHash: string };
}

interface ExportedEvidence extends ExportedRow {
  readonly body: {
    /** As `npm run verify` has it; `gone` where nothing says why. */
    readonly state: 'intact' | 'redacted' | 'expired' | 'tampered' | 'gone';
    /** As received, or what stands in its place. */
    readonly base64: string | null;
    readonly sha256: string | null;
  };
  /** What was announced of the body. */
  readonly announcements: readonly ExportedRow[];
}

export interface ExportedPayment {
  readonly paymentId: string;
  readonly exportedAt: string;
  /** What was asked, and what the gateway answered. */
  readonly intents: readonly ExportedRow[];
  /** What webhooks told. `causationId` names the evidence. */
  readonly facts: readonly ExportedRow[];
  /** What happened, with the state after each event. */
  readonly events: readonly ExportedRow[];
  /** The webhooks behind the facts, byte for byte, with their headers. */
  readonly evidence: readonly ExportedEvidence[];
}

/** Reads the logs of the services; what a shopper's private details were is not in them. */
export async function exportPayment(
  system: Pick<RunningSystem, 'database'>,
  paymentId: string,
  now: Date,
): Promise<ExportedPayment> {
  const ingest = system.database('webhook-ingest');
  const [intents, facts, events] = await Promise.all([
    rowsOf(system.database('intent'), 'intents', [paymentId]),
    rowsOf(ingest, 'facts', [paymentId]),
    rowsOf(system.database('payment-state'), 'payments', [paymentId]),
  ]);
  const evidence = await evidenceOf(ingest, paymentId);
  return { paymentId, exportedAt: now.toISOString(), intents, facts, events, evidence };
}

async function rowsOf(pool: Pool, schema: string, streams: readonly string[]) {
  const { rows } = await pool.query<ExportedRow & { stream: string }>(
    `select r.stream, r.lane, r.position::text, r.id, r.type, r.version, r.time, r.source,
       r.causation_id as "causationId", convert_from(r.data, 'utf8')::json as data,
       encode(r.digest, 'hex') as digest,
       json_build_object('first', b.first_position::text, 'hash', encode(b.hash, 'hex'),
         'previousHash', encode(b.previous_hash, 'hex')) as block
     from ${schema}.rows r cross join lateral (
       select * from ${schema}.blocks b where b.lane = r.lane and b.first_position <= r.position
       order by b.first_position desc limit 1) b
     where r.stream = any ($1) order by r.stream, r.version`,
    [streams],
  );
  return rows;
}

/** Webhooks that told a fact of the payment, and those that told nothing new. */
async function evidenceOf(pool: Pool, paymentId: string): Promise<ExportedEvidence[]> {
  const { rows: named } = await pool.query<{ id: string }>(
    `select evidence_id as id from mapped_evidence where payment_id = $1
     union select causation_id from facts.rows where stream = $1 and causation_id is not null`,
    [paymentId],
  );
  const ids = named.map(({ id }) => id);
  const rows = await rowsOf(pool, 'evidence', ids);
  const told = await rowsOf(pool, 'archive', [
    ...ids.map((id) => `redacted/${id}`),
    ...new Set(rows.map(({ time }) => expiredOf(time))),
  ]);
  const bodies = await bodiesOf(pool, rows);
  return rows.map(({ stream, ...row }) => {
    const announcements = told
      .filter((each) => [`redacted/${stream}`, expiredOf(row.time)].includes(each.stream))
      .map(({ stream: _stream, ...each }) => each);
    const body = bodies.get(stream);
    return {
      ...row,
      body: {
        state: stateOf(row, body?.sha256, announcements),
        base64: body?.base64 ?? null,
        sha256: body?.sha256 ?? null,
      },
      announcements,
    };
  });
}

const expiredOf = (time: string): string => `expired/${time.slice(0, 7)}`;

function stateOf(
  { data }: Pick<ExportedRow, 'data'>,
  sha256: string | undefined,
  announcements: readonly ExportedRow[],
): ExportedEvidence['body']['state'] {
  const said = (type: string) => announcements.find((each) => each.type === type);
  if (sha256 === undefined) return said('EvidenceExpired') ? 'expired' : 'gone';
  if (sha256 === (data as { sha256: string }).sha256) return 'intact';
  const redacted = said('EvidenceRedacted')?.data as { replacementSha256: string } | undefined;
  return redacted?.replacementSha256 === sha256 ? 'redacted' : 'tampered';
}

/** The time leads to the month's partition. */
async function bodiesOf(pool: Pool, evidence: readonly { stream: string; time: string }[]) {
  const { rows } = await pool.query<{ id: string; base64: string; sha256: string }>(
    `select e.id, replace(encode(b.body, 'base64'), E'\\n', '') as base64,
       encode(sha256(b.body), 'hex') as sha256
     from unnest($1::text[], $2::timestamptz[]) as e(id, at)
       join evidence_bodies b on b.evidence_id = e.id and b.received_at = e.at`,
    [evidence.map(({ stream }) => stream), evidence.map(({ time }) => time)],
  );
  return new Map(rows.map(({ id, ...body }) => [id, body]));
}
