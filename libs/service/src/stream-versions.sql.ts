import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atStreamVersions = crossing('service.stream-versions');

/**
 * The present version of each stream of a log; absent where there is none. For appends that add to a stream whatever it
 * holds: a conflict with another writer is answered by reading again.
 */
export async function streamVersions(
  pool: Pool,
  schema: string,
  streams: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await atStreamVersions(() =>
    pool.query<{ stream: string; version: number }>({
      name: `stream-versions-${schema}`,
      text: `select s.stream, r.version from unnest($1::text[]) as s(stream)
           cross join lateral (
             select version from ${schema}.rows r where r.stream = s.stream order by version desc limit 1
           ) r`,
      values: [streams],
    }),
  );
  return new Map(rows.map(({ stream, version }) => [stream, version]));
}
