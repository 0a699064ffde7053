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
    return heads;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/**
 * The shadow against the live table at the cut. Row by row and bit by bit, which costs a fraction of a digest: where
 * nothing differs, what the two say is the same text, and so its digest is made once.
 */
export async function compare(client: PoolClient, table: ProjectionTable): Promise<Comparison> {
  const shadow = shadowOf(table);
  // Of what the planner must know only the size: the rest is autovacuum's, once the shadow is live.
  await client.query(`${COMPARE_SETTINGS}; analyze ${shadow} (${table.key})`);
  const { rows } = await client.query<Difference & { total: string }>(differencesSql(table));
  const differing = Number(rows[0]?.total ?? 0);
  const log = await digestOf(client, table, shadow);
  const projection = differing === 0 ? log : await digestOf(client, table, LIVE);
  return {
    digests: { log, projection },
    differing,
    differences: rows.map((row) => ({ key: row.key, found: row.found })),
  };
}

/**
 * Of this session, which ends with the rebuild. A join on disk takes several times as long; and several processes may
 * share the work, which the planner thinks dearer than it is, for it takes making a digest to cost nothing.
 */
const COMPARE_SETTINGS = `set work_mem = '256MB'; set parallel_setup_cost = 0; set parallel_tuple_cost = 0`;

/** `*<>` compares the stored bits: unlike `<>` it tells 1.0 from 1. */
function differencesSql({ name, key, compared }: ProjectionTable): string {
  const said = (from: string) =>
    `(select ${key} as key, row(${compared.join(', ')}) as said from ${from})`;
  return `select coalesce(refolded.key, live.key)::text as key,
       case when live.key is null then 'only in the log'
            when refolded.key is null then 'only in the projection'
            else 'another state' end as found,
       count(*) over () as total
     from ${said(shadowOf({ name }))} refolded
     full join ${said(LIVE)} live on refolded.key = live.key
     where refolded.key is null or live.key is null or refolded.said *<> live.said
     order by 1 limit 100`;
}

/** The inner select may be done by several processes; the outer one puts their digests in order. */
async function digestOf(client: PoolClient, table: ProjectionTable, from: string): Promise<string> {
  const { key } = table;
  const { rows } = await client.query<{ digest: string }>(
    `select encode(sha256(coalesce(string_agg(each.digest, ''::bytea order by each.${key}), '')), 'hex') as digest
     from (select ${key}, ${digestSql(table)} as digest from ${from} offset 0) each`,
  );
  return rows[0]?.digest ?? '';
}

const digestSql = ({ key, compared }: ProjectionTable): string =>
  `sha256(convert_to(jsonb_build_array(${[key, ...compared].join(', ')})::text, 'utf8'))`;
