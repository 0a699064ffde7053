import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { ProjectionTable, TableRow } from './table.js';

export const shadowOf = ({ name }: Pick<ProjectionTable, 'name'>): string => `${name}_shadow`;

/** An empty table like the live one. What a killed rebuild left is dropped. */
export async function createShadow(client: ClientBase, table: ProjectionTable): Promise<void> {
  await dropShadow(client, table);
  await client.query(`create table ${shadowOf(table)} (like ${table.name} including all)`);
}

export async function dropShadow(client: ClientBase, table: ProjectionTable): Promise<void> {
  await client.query(`drop table if exists ${shadowOf(table)}`);
}

/** Streams rows in by COPY; answers how many. */
export async function copyIntoShadow<Column extends string>(
  client: ClientBase,
  table: ProjectionTable<Column>,
  rows: AsyncIterable<TableRow<Column>> | Iterable<TableRow<Column>>,
): Promise<number> {
  let count = 0;
  // In big pieces: each one costs a write to the socket.
  async function* pieces(): AsyncGenerator<string> {
    let piece = '';
    for await (const row of rows) {
      count += 1;
      piece += lineOf(table.columns, row);
      if (piece.length < PIECE_CHARS) continue;
      yield piece;
      piece = '';
    }
    yield piece;
  }
  const copy = `copy ${shadowOf(table)} (${table.columns.join(', ')}) from stdin`;
  await pipeline(Readable.from(pieces()), client.query(copyFrom(copy)));
  return count;
}

const PIECE_CHARS = 64 * 1024;

function lineOf<Column extends string>(columns: readonly Column[], row: TableRow<Column>): string {
  let line = '';
  for (const column of columns) line += (line === '' ? '' : '\t') + copyField(row[column]);
  return `${line}\n`;
}

/** These rows, in place of what the shadow says under their keys. */
export async function replaceInShadow<Column extends string>(
  client: ClientBase,
  table: ProjectionTable<Column>,
  rows: readonly TableRow<Column>[],
): Promise<void> {
  const keys = rows.map((row) => row[table.key]);
  await client.query(`delete from ${shadowOf(table)} where ${table.key} = any($1)`, [keys]);
  await copyIntoShadow(client, table, rows);
}

/** Call it in the transaction that holds the heads, so that no append falls between the tables. */
export async function swapShadow(client: ClientBase, table: ProjectionTable): Promise<void> {
  await copyGrants(client, table);
  const bare = table.name.slice(table.name.indexOf('.') + 1);
  await client.query(`drop table ${table.name}`);
  await client.query(`alter table ${shadowOf(table)} rename to ${bare}`);
}

async function copyGrants(client: ClientBase, table: ProjectionTable): Promise<void> {
  const { rows } = await client.query<{ grant: string }>(
    `select format('grant %s on ${shadowOf(table)} to %s', string_agg(a.privilege_type, ', '),
       case a.grantee when 0 then 'public' else a.grantee::regrole::text end) as grant
     from pg_class c, aclexplode(c.relacl) a
     where c.oid = $1::regclass and a.grantee <> c.relowner group by a.grantee`,
    [table.name],
  );
  for (const { grant } of rows) await client.query(grant);
}

/** COPY's text format: a backslash escapes, `\N` is null. */
function copyField(value: TableRow[string] | undefined): string {
  if (value === null || value === undefined) return '\\N';
  const text = String(value);
  if (!SPECIAL.some((each) => text.includes(each))) return text;
  return text.replaceAll(/[\\\t\n\r]/g, (each) => ESCAPES[each] ?? each);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};

/** Looked for one by one: in a long text that is several times as fast as an expression for all of them. */
const SPECIAL = Object.keys(ESCAPES);
