import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createLogSql } from '@paylog/event-sourcing';
import {
  type DatabaseUrls,
  type NativePostgres,
  newFolder,
  provisionPostgres,
  startNativePostgres,
} from '@paylog/local';
import pg from 'pg';
import { putBack, takeSnapshot } from './snapshot.js';

/*
 * Goal: a database that was put back is what it was at the snapshot, to the last row, sequence and guard, and is another
 * database than before, as a restored backup is.
 */

let folder: string;
let postgres: NativePostgres;
let urls: DatabaseUrls;
let superuserUrl: string;

beforeAll(async () => {
  folder = newFolder('snapshot');
  postgres = await startNativePostgres({ folder, fast: true });
  urls = (await provisionPostgres(postgres.url, 'secret'))['webhook-ingest'];
  const url = new URL(postgres.url);
  url.pathname = new URL(urls.url).pathname;
  superuserUrl = url.href;
  await migrate(urls.ownerUrl);
});
afterAll(async () => {
  await postgres?.stop();
  if (folder) rmSync(folder, { recursive: true });
});

/** A log with its guards, and what else our services have: partitions, identities, generated columns. */
async function migrate(ownerUrl: string): Promise<void> {
  const log = createLogSql({ schema: 'log', lanes: 2, opened: true });
  await query(
    `${log};
     create table bodies (id text, at timestamptz, body bytea, primary key (id, at)) partition by range (at);
     create table bodies_default partition of bodies default;
     create table refused (id bigint generated always as identity primary key, why text,
       length int generated always as (length(why)) stored)`,
    ownerUrl,
  );
}

async function query(sql: string, url = superuserUrl): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

const rowsOf = async (sql: string) => (await query(sql)).rows;

const addRow = (position: number) =>
  query(`insert into log.blocks (lane, first_position, row_count, hash, previous_hash, flush_id)
         values (0, ${position}, 1, '\\x00', '\\x01', gen_random_uuid());
         update log.lanes set next_position = ${position + 1} where lane = 0;
         insert into bodies values ('b${position}', now(), '\\xff00');
         insert into refused (why) values ('number ${position}')`);

const everything = async () => ({
  blocks: await rowsOf('select * from log.blocks order by first_position'),
  lanes: await rowsOf('select * from log.lanes order by lane'),
  bodies: await rowsOf('select * from bodies order by id'),
  refused: await rowsOf('select * from refused order by id'),
});

const restoring = () => ({ serverUrl: postgres.url, urls, password: 'secret', migrate });

describe('a snapshot', () => {
  it('brings back every row of its moment, and none that came later', async () => {
    await addRow(0);
    await addRow(1);
    const before = await everything();
    const snapshot = await takeSnapshot('webhook-ingest', superuserUrl, join(folder, 'one'));
    await addRow(2);
    const later = await everything();
    expect(later).not.toEqual(before);

    await putBack(snapshot, restoring());
    expect(await everything()).toEqual(before);
  });

  it('goes on counting where the sequence stood, and does not count twice', async () => {
    const snapshot = await takeSnapshot('webhook-ingest', superuserUrl, join(folder, 'two'));
    const [{ last }] = await rowsOf('select max(id) as last from refused');
    await putBack(snapshot, restoring());
    await query(`insert into refused (why) values ('next')`);
    expect(await rowsOf('select id from refused order by id desc limit 1')).toEqual([
      { id: String(Number(last) + 1) },
    ]);
  });

  it('leaves every guard of history on', async () => {
    const guards = `select tgrelid::regclass::text as on, tgname, tgenabled from pg_trigger
      where not tgisinternal order by 1, 2`;
    const before = await rowsOf(guards);
    const snapshot = await takeSnapshot('webhook-ingest', superuserUrl, join(folder, 'three'));
    await putBack(snapshot, restoring());
    expect(before.length).toBeGreaterThan(0);
    expect(await rowsOf(guards)).toEqual(before);
    await expect(query('delete from log.blocks')).rejects.toThrow('only ever added to');
  });

  it('is another database than before, so that each lane is compared with its topic again', async () => {
    const incarnation = async () => (await rowsOf('select log.incarnation() as it'))[0]?.it;
    const before = await incarnation();
    const snapshot = await takeSnapshot('webhook-ingest', superuserUrl, join(folder, 'four'));
    await putBack(snapshot, restoring());
    expect(await incarnation()).not.toBe(before);
  });
});
