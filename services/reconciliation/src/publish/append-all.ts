import { createHash } from 'node:crypto';
import { type EventLog, LogFault, type NewRow } from '@paylog/event-sourcing';
import { type Crossing, crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';
import { laneOf } from '../ledger/entry.js';

/** By the log's schema. */
const APPENDING: Readonly<Record<string, Crossing>> = {
  ledger: crossing('reconciliation.append-ledger'),
  settlement: crossing('reconciliation.append-settlement'),
  exceptions: crossing('reconciliation.append-exceptions'),
  results: crossing('reconciliation.append-results'),
};
const atStreamVersions = crossing('reconciliation.stream-versions');

/** What is to be in a log, once for ever by its key, wherever in the stream. */
export interface Posting {
  readonly stream: string;
  readonly key: string;
  readonly rows: readonly NewRow[];
  readonly effects?: unknown;
}

const AT_ONCE = 200;
/** Each round appends at least the first posting of each stream, unless others write to it too. */
const ROUNDS_MAX = 50;

/**
 * Appends what the log does not have yet. The key says what a posting is, so a repetition is a duplicate even where other
 * code, or another day, would have written it a little differently.
 */
export async function appendAll(
  pool: Pool,
  log: EventLog,
  postings: readonly Posting[],
): Promise<void> {
  for (let from = 0; from < postings.length; from += AT_ONCE) {
    await appendChunk(pool, log, postings.slice(from, from + AT_ONCE));
  }
}

async function appendChunk(pool: Pool, log: EventLog, chunk: readonly Posting[]): Promise<void> {
  const atAppend = APPENDING[log.schema] ?? ((append) => append());
  let open = chunk;
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const versions = await versionsOf(pool, log.schema, open);
    const appends = open.map(({ stream, key, rows, effects }) => {
      const expectedVersion = versions.get(stream) ?? 0;
      versions.set(stream, expectedVersion + rows.length);
      const contentDigest = createHash('sha256').update(key).digest();
      const head = { lane: laneOf(stream), stream, expectedVersion, key, rows, contentDigest };
      return { ...head, ...(effects !== undefined && { effects }) };
    });
    const answers = await atAppend(() => log.append(appends));
    const refused = answers.find(({ status }) => status === 'refused');
    if (refused?.status === 'refused') {
      throw new LogFault('flush_failed', false, `${log.schema} refuses: ${refused.reason}`);
    }
    open = open.filter((_, i) => answers[i]?.status === 'version_conflict');
    if (open.length === 0) return;
  }
  throw new LogFault('contention', true, `${log.schema}: others kept writing to the same streams`);
}

async function versionsOf(
  pool: Pool,
  schema: string,
  postings: readonly Posting[],
): Promise<Map<string, number>> {
  const streams = [...new Set(postings.map(({ stream }) => stream))];
  const { rows } = await atStreamVersions(() =>
    pool.query<{ stream: string; version: number }>(
      `select wanted as stream, coalesce((select r.version from ${schema}.rows r
       where r.stream = wanted order by r.version desc limit 1), 0) as version
     from unnest($1::text[]) as wanted`,
      [streams],
    ),
  );
  return new Map(rows.map(({ stream, version }) => [stream, version]));
}
