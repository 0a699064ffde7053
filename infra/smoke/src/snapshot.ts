import { createReadStream, createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type DatabaseUrls, provisionPostgres, type StatefulService } from '@paylog/local';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';

/** One service's database as it was at one moment: every row of every table, and where each sequence stood. */
export interface Snapshot {
  readonly service: StatefulService;
  /** Unix milliseconds: what was committed before is in it. */
  readonly takenAt: number;
  readonly tables: readonly Copied[];
  readonly sequences: readonly Sequence[];
  readonly folder: string;
}

interface Table {
  /** Quoted, with its schema. */
  readonly name: string;
  /** Quoted; generated columns are left out. */
  readonly columns: readonly string[];
}

interface Copied extends Table {
  readonly file: string;
}

interface Sequence {
  readonly name: string;
  readonly lastValue: string;
  readonly isCalled: boolean;
}

/** Partitions are reached through their parent, so that rows find the partition of the day they come back. */
const TABLES = `
  select format('%I.%I', n.nspname, c.relname) as name,
    array(select quote_ident(a.attname) from pg_attribute a
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
          order by a.attnum) as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and not c.relispartition
    and n.nspname not in ('pg_catalog', 'information_schema')
  order by 1`;

const SEQUENCES = `
  select format('%I.%I', n.nspname, c.relname) as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'S' order by 1`;

/** Copies everything in one repeatable-read transaction, so that all of it is of one moment. */
export async function takeSnapshot(
  service: StatefulService,
  superuserUrl: string,
  folder: string,
): Promise<Snapshot> {
  mkdirSync(folder, { recursive: true });
  return withClient(superuserUrl, async (client) => {
    const takenAt = Date.now();
    await client.query('begin isolation level repeatable read read only');
    const { rows: tables } = await client.query<Table>(TABLES);
    const copied: Copied[] = [];
    for (const [index, { name, columns }] of tables.entries()) {
      const file = join(folder, `${index}.copy`);
      const query = `copy (select ${columns.join(', ')} from ${name}) to stdout (format binary)`;
      await pipeline(client.query(copyTo(query)), createWriteStream(file));
      copied.push({ name, columns, file });
    }
    const sequences = await sequencesOf(client);
    await client.query('commit');
    return { service, takenAt, tables: copied, sequences, folder };
  });
}

/** Sequences belong to no snapshot: read last, they are never behind the rows. */
async function sequencesOf(client: pg.Client): Promise<Sequence[]> {
  const { rows } = await client.query<{ name: string }>(SEQUENCES);
  const sequences: Sequence[] = [];
  for (const { name } of rows) {
    const read = `select last_value as "lastValue", is_called as "isCalled" from ${name}`;
    const { rows: found } = await client.query<Omit<Sequence, 'name'>>(read);
    sequences.push(...found.map((one) => ({ name, ...one })));
  }
  return sequences;
}

export function dropSnapshot({ folder }: Snapshot): void {
  rmSync(folder, { recursive: true, force: true });
}

/** How a database is made anew. */
export interface Restoring {
  /** A superuser's URL of the server. */
  readonly serverUrl: string;
  readonly urls: DatabaseUrls;
  readonly password: string;
  /** Makes the tables, as the database's owner. */
  readonly migrate: (ownerUrl: string) => Promise<void>;
}

/**
 * As a backup is restored: a new database with new tables, made by the service's own migrations, then filled. No process
 * of the service may run meanwhile.
 */
export async function putBack(snapshot: Snapshot, restoring: Restoring): Promise<void> {
  const { serverUrl, urls, password, migrate } = restoring;
  const database = new URL(urls.url).pathname.slice(1);
  await withClient(serverUrl, (client) => client.query(`drop database ${database} with (force)`));
  await provisionPostgres(serverUrl, password);
  await migrate(urls.ownerUrl);
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  await withClient(url.href, (client) => fill(client, snapshot));
}

async function fill(client: pg.Client, { tables, sequences }: Snapshot): Promise<void> {
  await client.query('begin');
  const { rows: triggers } = await client.query<Trigger>(TRIGGERS);
  for (const { name } of tables) await client.query(`alter table ${name} disable trigger all`);
  await client.query(`truncate ${tables.map(({ name }) => name).join(', ')}`);
  for (const { name, columns, file } of tables) {
    const query = `copy ${name} (${columns.join(', ')}) from stdin (format binary)`;
    await pipeline(createReadStream(file), client.query(copyFrom(query)));
  }
  for (const { name, lastValue, isCalled } of sequences) {
    await client.query('select setval($1, $2, $3)', [name, lastValue, isCalled]);
  }
  for (const { name } of tables) await client.query(`alter table ${name} enable trigger all`);
  for (const { table, trigger, mode } of triggers) {
    await client.query(`alter table ${table} ${MODES[mode]} trigger ${trigger}`);
  }
  await client.query('commit');
}

interface Trigger {
  readonly table: string;
  readonly trigger: string;
  readonly mode: 'O' | 'D' | 'R' | 'A';
}

const MODES = { O: 'enable', D: 'disable', R: 'enable replica', A: 'enable always' } as const;

/** Those that guard history refuse a superuser too, until they are switched off by name. */
const TRIGGERS = `
  select format('%I.%I', n.nspname, c.relname) as table, quote_ident(t.tgname) as trigger, t.tgenabled as mode
  from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
  where not t.tgisinternal and not c.relispartition`;

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {}); // The query that is broken by it says so.
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}
