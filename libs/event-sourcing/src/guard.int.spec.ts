import { grantService, createPool } from '@paylog/postgres';
import pg from 'pg';
import { postgresLog } from './postgres-log.js';
import { createLogDatabase, type TestLogDatabase } from './testing/database.js';
import { newAppend } from './testing/rows.js';

const ROLE = 'paylog_guard_spec';
let database: TestLogDatabase;
let service: pg.Pool;

beforeAll(async () => {
  const server = new pg.Client(process.env['TEST_PG_URL']);
  await server.connect();
  await server.query(`do $$ begin create role ${ROLE} login password 'x';
    exception when duplicate_object or unique_violation then null; end $$`);
  await server.end();
  database = await createLogDatabase({
    role: ROLE,
    extraSql: `create table summaries (id text primary key); ${grantService(ROLE)}`,
  });
  const url = new URL(database.url);
  url.username = ROLE;
  url.password = 'x';
  service = createPool(url.href, { name: 'guard spec' });
  const log = await postgresLog(service, 'payments');
  const parked = {
    id: 'p',
    kind: 'poison',
    source: 't',
    partition: 0,
    offset: 0n,
    key: null,
    value: null,
    headers: {},
    stage: 's',
    error: 'e',
  } as const;
  const input = { source: 't', partition: 0, from: 0n, to: 1n };
  await log.append([newAppend('a', 'a', 0)], { input, parked: [parked], effects: {} });
});

afterAll(async () => {
  await service.end();
  await database.drop();
});

const HISTORY = ['rows', 'blocks', 'keys'];
const CHANGES = HISTORY.flatMap((table) => [
  `update payments.${table} set lane = lane`,
  `delete from payments.${table}`,
  `truncate payments.${table}`,
]);

test.each(CHANGES)('refused to the service and to the owner: %s', async (sql) => {
  await expect(service.query(sql)).rejects.toMatchObject({ code: '42501' });
  await expect(database.pool.query(sql)).rejects.toMatchObject({
    code: '42501',
    message: expect.stringContaining('history is only ever added to') as string,
  });
});

test.each(CHANGES)('refused even where triggers are said not to fire: %s', async (sql) => {
  const client = await database.pool.connect();
  try {
    await client.query('set session_replication_role = replica');
    await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
  } finally {
    client.release(true);
  }
});

test('a head never goes back, and is never deleted', async () => {
  const back = 'update payments.lanes set next_position = next_position - 1 where lane = 0';
  await expect(service.query(back)).rejects.toThrow('never goes back');
  await expect(database.pool.query(back)).rejects.toThrow('never goes back');
  await expect(database.pool.query('delete from payments.lanes')).rejects.toThrow(
    'only ever added',
  );
});

test('the service may do what it needs, and nothing that it does not', async () => {
  await service.query('insert into summaries values (1)');
  await service.query('delete from summaries');
  for (const sql of [
    'drop schema payments cascade',
    'alter table payments.rows disable trigger all',
    `create or replace function payments.project(accepted jsonb, effects jsonb) returns void
      language sql as 'select'`,
    'insert into payments.lanes (lane, opened) values (9, true)',
    'delete from payments.offsets',
    'delete from payments.parked',
    'create table payments.mine (id int)',
  ]) {
    await expect(service.query(sql)).rejects.toMatchObject({ code: '42501' });
  }
});

test('a pool that answers commits before they are on disk is refused', async () => {
  const url = `${database.url}?options=${encodeURIComponent('-c synchronous_commit=off')}`;
  const careless = new pg.Pool({ connectionString: url });
  await expect(postgresLog(careless, 'payments')).rejects.toMatchObject({ code: 'not_durable' });
  await careless.end();
});
