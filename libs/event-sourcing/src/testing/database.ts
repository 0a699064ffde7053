import { randomBytes } from 'node:crypto';
import { createPool } from '@paylog/postgres';
import pg from 'pg';
import { createLogSql, type LogSqlOptions } from '../log-sql.js';

export interface TestLogDatabase {
  url: string;
  pool: pg.Pool;
  drop(): Promise<void>;
}

/** A database of its own on the server of TEST_PG_URL, with one log. Superuser, so it may tamper. */
export async function createLogDatabase(
  options: Partial<LogSqlOptions> & { extraSql?: string; poolMax?: number } = {},
): Promise<TestLogDatabase> {
  const server = process.env['TEST_PG_URL'];
  if (!server) throw new Error('set TEST_PG_URL to a Postgres 18 superuser URL');
  const name = `log_${randomBytes(6).toString('hex')}`;
  await onServer(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const { extraSql = '', poolMax = 20, ...log } = options;
  // A machine full of test processes takes its time to accept a connection.
  const patience = { connectTimeoutMs: 20_000 };
  const pool = createPool(url.href, { name: 'log tests', max: poolMax, ...patience });
  await pool.query(createLogSql({ schema: 'payments', lanes: 4, opened: true, ...log }));
  if (extraSql) await pool.query(extraSql);
  return {
    url: url.href,
    pool,
    async drop() {
      await pool.end();
      await onServer(server, `drop database ${name} with (force)`);
    },
  };
}

async function onServer(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
