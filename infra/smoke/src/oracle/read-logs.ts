import { type Ask, jsonOf } from './database.js';
import { DIGEST_SQL } from './digests.js';
import type { LaneHead, LogEvidence, ParkedRow, StoredBlock, StoredRow } from './evidence.js';
import type { LogPlace } from './places.js';

/** A log as it is stored, its digests made anew. */
export async function readLog(ask: Ask, place: LogPlace): Promise<LogEvidence> {
  const { schema } = place;
  const rows = await ask<AsText<StoredRow, 'position'>>(`
    select r.lane, r.position, r.stream, r.version, r.id, r.type, encode(r.digest, 'hex') as digest,
      ${DIGEST_SQL} as recomputed
    from ${schema}.rows r order by r.lane, r.position, r.version`);
  const blocks = await ask<AsText<StoredBlock, 'first'>>(`
    select lane, first_position as first, row_count as count, encode(hash, 'hex') as hash,
      encode(previous_hash, 'hex') as previous
    from ${schema}.blocks order by lane, first_position`);
  const heads = await ask<AsText<LaneHead, 'next'>>(`
    select lane, next_position as next, encode(hash, 'hex') as hash
    from ${schema}.lanes order by lane`);
  return {
    place,
    rows: rows.map((row) => ({ ...row, position: Number(row.position) })),
    blocks: blocks.map((block) => ({ ...block, first: Number(block.first) })),
    heads: heads.map((head) => ({ ...head, next: Number(head.next) })),
  };
}

/** Postgres gives int8 as text. */
type AsText<T, Column extends keyof T> = Omit<T, Column> & Readonly<Record<Column, string>>;

/** What was ever set aside. */
export async function readParked(ask: Ask, { service, schema }: LogPlace): Promise<ParkedRow[]> {
  const rows = await ask<{
    id: string;
    kind: string;
    source: string;
    key: string | null;
    error: string;
    status: string;
    evidence: string | null;
  }>(`
    select id, kind, source, key, error, status, headers ->> 'evidence' as evidence
    from ${schema}.parked order by id`);
  return rows.map(({ key, evidence, ...row }) => ({
    ...row,
    service,
    schema,
    key: key ?? undefined,
    evidenceId: jsonOf<{ id?: string }>(evidence ?? '')?.id,
  }));
}
