import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atArchive = crossing('webhook-ingest.archive');

/** What is held of a month's bodies. */
export interface HeldMonth {
  /** `2026-01`, in UTC. */
  readonly month: string;
  readonly bodies: number;
  readonly bytes: bigint;
}

export async function heldMonths(pool: Pool): Promise<HeldMonth[]> {
  const { rows } = await atArchive(() =>
    pool.query<{ month: string; bodies: string; bytes: string }>(
      'select month, bodies, bytes from archive.months()',
    ),
  );
  return rows.map(({ month, bodies, bytes }) => ({
    month,
    bodies: Number(bodies),
    bytes: BigInt(bytes),
  }));
}

/** Bodies of a month that were not read yet, or are parked. */
export async function neededIn(pool: Pool, month: string): Promise<number> {
  const { rows } = await atArchive(() =>
    pool.query<{ needed: string }>('select archive.needed($1) as needed', [month]),
  );
  return Number(rows[0]?.needed ?? 0);
}

/** Drops an announced month; answers how many bodies it held. */
export async function expireMonth(pool: Pool, month: string): Promise<number> {
  const { rows } = await atArchive(() =>
    pool.query<{ gone: string }>('select archive.expire($1) as gone', [month]),
  );
  return Number(rows[0]?.gone ?? 0);
}

/** Makes partitions for the months to come; answers how many were missing. */
export async function prepareMonths(pool: Pool, months: number): Promise<number> {
  const { rows } = await atArchive(() =>
    pool.query<{ made: number }>('select archive.prepare($1) as made', [months]),
  );
  return rows[0]?.made ?? 0;
}

export interface EvidencePlace {
  readonly receivedAt: string;
  /** Hex, of the body as it was received. */
  readonly sha256: string;
}

export async function evidenceOf(pool: Pool, id: string): Promise<EvidencePlace | undefined> {
  const { rows } = await atArchive(() =>
    pool.query<{ received_at: string; sha256: string }>(
      'select received_at, sha256 from archive.evidence_of($1)',
      [id],
    ),
  );
  return rows[0] && { receivedAt: rows[0].received_at, sha256: rows[0].sha256 };
}

/** Replaces an announced body; answers how many rows it stood in: none where it has expired. */
export async function replaceBody(
  pool: Pool,
  id: string,
  { receivedAt }: EvidencePlace,
  replacement: Buffer,
): Promise<number> {
  const { rows } = await atArchive(() =>
    pool.query<{ changed: string }>('select archive.redact($1, $2, $3) as changed', [
      id,
      receivedAt,
      replacement,
    ]),
  );
  return Number(rows[0]?.changed ?? 0);
}
