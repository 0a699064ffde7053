import type { PoolClient } from 'pg';
import { readHeads } from '../cut.js';
import type { LaneHead } from '../log.js';
import { shadowOf } from './shadow.js';
import type { ProjectionTable } from './table.js';

export interface Difference {
  readonly key: string;
  readonly found: 'only in the log' | 'only in the projection' | 'another state';
}

export interface Comparison {
  /** Hex sha256 over what is compared of every row, in order of the keys. */
  readonly digests: { readonly log: string; readonly projection: string };
  readonly differing: number;
  /** The first 100, by key. */
  readonly differences: readonly Difference[];
}

const LIVE = 'paylog_live_at_cut';

/** The live table and the heads it belongs to, in one snapshot; kept as a table of this session. */
export async function cutLive(
  client: PoolClient,
  schema: string,
  { name, key, compared }: ProjectionTable,
): Promise<LaneHead[]> {
  await client.query('begin isolation level repeatable read');
  try {
    const heads = await readHeads(client, schema);
    const columns = [key, ...compared].join(', ');
    await client.query(`create temp table ${LIVE} as select ${columns} from ${name}`);
    await client.query('commit');
    await client.query(`analyze ${LIVE}`);
    return heads;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/** The shadow against the live table at the cut. */
export async function compare(client: PoolClient, table: ProjectionTable): Promise<Comparison> {
  const shadow = shadowOf(table);
  const { key } = table;
  await client.query(`analyze ${shadow}`);
  const log = await digestOf(client, table, shadow);
  const projection = await digestOf(client, table, LIVE);
  const { rows } = await client.query<Difference & { total: string }>(
    `select ${key}::text as key,
       case when live.digest is null then 'only in the log'
            when refolded.digest is null then 'only in the projection'
            else 'another state' end as found,
       count(*) over () as total
     from (select ${key}, ${digestSql(table)} as digest from ${shadow}) refolded
     full join (select ${key}, ${digestSql(table)} as digest from ${LIVE}) live using (${key})
     where refolded.digest is distinct from live.digest
     order by ${key} limit 100`,
  );
  return {
    digests: { log, projection },
    differing: Number(rows[0]?.total ?? 0),
    differences: rows.map((row) => ({ key: row.key, found: row.found })),
  };
}

async function digestOf(client: PoolClient, table: ProjectionTable, from: string): Promise<string> {
  const { rows } = await client.query<{ digest: string }>(
    `select encode(sha256(coalesce(string_agg(${digestSql(table)}, ''::bytea order by ${table.key}),
       '')), 'hex') as digest from ${from}`,
  );
  return rows[0]?.digest ?? '';
}

const digestSql = ({ key, compared }: ProjectionTable): string =>
  `sha256(convert_to(jsonb_build_array(${[key, ...compared].join(', ')})::text, 'utf8'))`;
