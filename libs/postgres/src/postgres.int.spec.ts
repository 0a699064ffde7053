import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createDataSource, migrate } from './data-source.js';
import { isConnectionLost } from './connection-lost.js';
import { assertDurableCommits, createPool, dedicatedClient } from './pool.js';

const name = `postgres_${randomBytes(6).toString('hex')}`;
let url: string;
let server: pg.Client;

beforeAll(async () => {
  server = new pg.Client(process.env['TEST_PG_URL']);
  await server.connect();
  await server.query(`create database ${name}`);
  const address = new URL(process.env['TEST_PG_URL'] ?? '');
  address.pathname = `/${name}`;
  url = address.href;
});

afterAll(async () => {
  await server.query(`drop database ${name} with (force)`);
  await server.end();
});

class First1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Long enough that all runners have begun.
    await runner.query('create table once (id int); select pg_sleep(0.3)');
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}

test('migrations of several processes that start at once run once', async () => {
  const sources = [1, 2, 3].map(() => createDataSource(url, { migrations: [First1700000000000] }));
  const done = await Promise.all(sources.map(migrate));
  expect(done.flat()).toEqual(['First1700000000000']);
  expect(await migrate(createDataSource(url, { migrations: [First1700000000000] }))).toEqual([]);
  await Promise.all(sources.map((source) => source.destroy()));
});

test('a connection that breaks, idle or at work, is an error of its query and nothing more', async () => {
  const warnings: object[] = [];
  const logger = { warn: (fields: object) => void warnings.push(fields) };
  const pool = createPool(url, { name: 'victim', max: 2, logger });
  const client = await pool.connect();
  await pool.query('select 1');
  const sleeping = client.query('select pg_sleep(30)').catch((error: unknown) => error);
  await server.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'victim'`,
  );
  expect(isConnectionLost(await sleeping)).toBe(true);
  client.release(true);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(warnings.length).toBeGreaterThan(0);
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await pool.end();
});

test('commits are durable whatever the server says, and a pool that says otherwise is refused', async () => {
  await server.query(`alter database ${name} set synchronous_commit = off`);
  const pool = createPool(url, { name: 'durable' });
  await assertDurableCommits(pool);
  await pool.end();
  const careless = new pg.Pool({ connectionString: url });
  await expect(assertDurableCommits(careless)).rejects.toThrow('synchronous_commit is "off"');
  await careless.end();
});

test('a connection of its own has the address and password of its pool', async () => {
  const address = new URL(url);
  const { username: user, password, hostname: host, port } = address;
  const parts = { user, password, host, port: Number(port), database: name };
  const pool = new pg.Pool(parts);
  const client = dedicatedClient(pool, 'mine');
  await client.connect();
  expect((await client.query(`show application_name`)).rows).toEqual([
    { application_name: 'mine' },
  ]);
  await client.end();
  await pool.end();
});

test('a database that is away is known within a second', async () => {
  const away = createPool('postgres://x:x@127.0.0.1:1/x', { name: 'away' });
  const start = Date.now();
  const error: unknown = await away.query('select 1').catch((cause: unknown) => cause);
  expect(isConnectionLost(error)).toBe(true);
  expect(Date.now() - start).toBeLessThan(1000);
  await away.end();
});
