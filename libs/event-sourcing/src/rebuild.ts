import type { Pool, PoolClient } from 'pg';
import { atOneMoment, copyRows, readHeads } from './cut.js';
import type { LaneHead, LogRow } from './log.js';
import { statement } from './log-sql.js';
import { toLogRow, type StoredRow } from './stored-row.js';

export interface RebuiltTable {
  /** Qualified, for example `query.payments`. Nothing but the projection may depend on it (views). */
  name: string;
  /** What must come out the same: leave out versions, positions and times of receipt. */
  compare: readonly string[];
}

export interface RebuildOptions {
  /** As the owner: tables are created and renamed. */
  pool: Pool;
  schema: string;
  tables: readonly RebuiltTable[];
  /** Folds a batch, in lane and position order, into the shadow of each table. */
  apply(
    client: PoolClient,
    rows: readonly LogRow[],
    shadowOf: (table: string) => string,
  ): Promise<void>;
  /** Default `when_equal`. */
  swap?: 'when_equal' | 'always' | 'never';
}

export interface Rebuild {
  /** Where the comparison was made. */
  heads: LaneHead[];
  equal: boolean;
  swapped: boolean;
  tables: { name: string; live: string; rebuilt: string }[];
}

const BATCH_ROWS = 500;
/** So few rows are folded while the heads are held. */
const HELD_ROWS_MAX = 1000;

/**
 * Folds a log anew into shadow tables while the service runs. Live and shadow are compared by digest
 * at one exact cut; then the shadow catches up and takes the live table's place and grants under the
 * heads, so that no append falls between them.
 */
export async function rebuildProjection(options: RebuildOptions): Promise<Rebuild> {
  const { pool, schema, tables, swap = 'when_equal' } = options;
  const client = await pool.connect();
  try {
    await client.query('set transaction_timeout = 0; set idle_in_transaction_session_timeout = 0');
    await lockOnly(client, schema);
    for (const { name } of tables) await createShadow(client, name);
    const { heads, live } = await foldUpToCut(options, client);
    const rebuilt = await digests(client, tables, shadowOf);
    const equal = tables.every(({ name }) => live.get(name) === rebuilt.get(name));
    const swapped = swap === 'always' || (swap === 'when_equal' && equal);
    if (swapped) await catchUpAndSwap(options, client, heads);
    for (const { name } of tables) await client.query(`drop table if exists ${shadowOf(name)}`);
    const compared = tables.map(({ name }) => ({
      name,
      live: live.get(name) ?? '',
      rebuilt: rebuilt.get(name) ?? '',
    }));
    return { heads, equal, swapped, tables: compared };
  } finally {
    // The connection ends a moment after its release: who rebuilds again at once must not meet our lock.
    await unlock(client, schema).catch(() => undefined);
    client.release(true); // Its settings end with it.
  }
}

const shadowOf = (table: string): string => `${table}_shadow`;

async function lockOnly(client: PoolClient, schema: string): Promise<void> {
  const { rows } = await client.query<{ locked: boolean }>(
    'select pg_try_advisory_lock(hashtextextended($1, 0)) as locked',
    [lockName(schema)],
  );
  if (!rows[0]?.locked)
    throw new Error(`${schema} is being rebuilt by another process; wait for it`);
}

async function unlock(client: PoolClient, schema: string): Promise<void> {
  await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [lockName(schema)]);
}

const lockName = (schema: string): string => `paylog.rebuild ${schema}`;

async function createShadow(client: PoolClient, table: string): Promise<void> {
  await client.query(`drop table if exists ${shadowOf(table)}`);
  await client.query(`create table ${shadowOf(table)} (like ${table} including all)`);
}

/** The live digests are read in the very snapshot that the rows are read in. */
async function foldUpToCut(
  { pool, schema, tables, apply }: RebuildOptions,
  client: PoolClient,
): Promise<{ heads: LaneHead[]; live: Map<string, string> }> {
  return atOneMoment(pool, async (reader) => {
    const heads = await readHeads(reader, schema);
    const live = await digests(reader, tables, (table) => table);
    for await (const rows of copyRows(reader, schema, 'true')) await apply(client, rows, shadowOf);
    return { heads, live };
  });
}

async function catchUpAndSwap(
  options: RebuildOptions,
  client: PoolClient,
  cut: readonly LaneHead[],
): Promise<void> {
  const next = new Map(cut.map((head) => [head.lane, head.next]));
  while ((await foldNews(options, client, next)) > HELD_ROWS_MAX);
  await client.query('begin');
  try {
    await client.query(`select from ${options.schema}.lanes order by lane for no key update`);
    await foldNews(options, client, next);
    for (const { name } of options.tables) await takePlace(client, name);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/** Folds what came since, and says how much it was. */
async function foldNews(
  { schema, apply }: RebuildOptions,
  client: PoolClient,
  next: Map<number, bigint>,
): Promise<number> {
  let folded = 0;
  for (const lane of next.keys()) {
    for (;;) {
      const from = next.get(lane) ?? 0n;
      const values = [lane, from, BATCH_ROWS];
      const { rows } = await client.query<StoredRow>(statement('read-lane.sql', schema), values);
      if (rows.length > 0) await apply(client, rows.map(toLogRow), shadowOf);
      next.set(lane, from + BigInt(rows.length));
      folded += rows.length;
      if (rows.length < BATCH_ROWS) break;
    }
  }
  return folded;
}

async function takePlace(client: PoolClient, table: string): Promise<void> {
  const { rows } = await client.query<{ grant: string }>(
    `select format('grant %s on ${shadowOf(table)} to %I', string_agg(a.privilege_type, ', '),
       a.grantee::regrole) as grant
     from pg_class c, aclexplode(c.relacl) a
     where c.oid = $1::regclass and a.grantee not in (0, c.relowner) group by a.grantee`,
    [table],
  );
  for (const { grant } of rows) await client.query(grant);
  const bare = table.slice(table.indexOf('.') + 1);
  await client.query(`drop table ${table}; alter table ${shadowOf(table)} rename to ${bare}`);
}

async function digests(
  client: PoolClient,
  tables: readonly RebuiltTable[],
  nameOf: (table: string) => string,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { name, compare } of tables) {
    // Each row's own digest, in the order of the digests: independent of keys and of storage.
    const { rows } = await client.query<{ digest: string }>(
      `select count(*) || ' ' || encode(sha256(coalesce(string_agg(d, ''::bytea order by d), '')), 'hex')
         as digest
       from (select sha256(convert_to(row(${compare.join(', ')})::text, 'UTF8')) as d
         from ${nameOf(name)}) t`,
    );
    found.set(name, rows[0]?.digest ?? '');
  }
  return found;
}
