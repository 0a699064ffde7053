import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { clusterIdOf } from './kafka-admin.js';
import { startKafka } from './kafka.js';
import { startPostgres } from './postgres.js';
import { provisionKafka, provisionPostgres } from './provision.js';

const folder = mkdtempSync(join(tmpdir(), 'paylog-stack-'));
const given = {
  postgres: process.env['TEST_PG_URL'] as string,
  kafka: (process.env['TEST_KAFKA_BROKERS'] as string).split(','),
};

afterAll(() => rmSync(folder, { recursive: true }));

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows[0]?.[0];
  } finally {
    await client.end();
  }
}

describe('servers that were given', () => {
  it('are used, and left alone at the end', async () => {
    const postgres = await startPostgres({ given: given.postgres, folder });
    const kafka = await startKafka({ given: given.kafka, folder });
    expect([postgres.source, kafka.source]).toEqual(['given', 'given']);
    await postgres.stop();
    await kafka.stop();
    expect(await ask(given.postgres, 'select 1')).toBe(1);
    expect(await clusterIdOf(given.kafka)).toMatch(/./);
  });
});

describe('provisioning', () => {
  it('may be repeated, and ends with a database a service that only its role can use', async () => {
    await Promise.all([provisionKafka(given.kafka), provisionPostgres(given.postgres, 'paylog')]);
    await provisionKafka(given.kafka);
    const databases = await provisionPostgres(given.postgres, 'paylog');
    expect(await ask(databases.intent.url, 'select current_user')).toBe('paylog_intent');
    expect(await ask(databases.intent.ownerUrl, 'select current_user')).toBe('paylog_owner');
    const foreign = new URL(databases.intent.url);
    foreign.username = 'paylog_fulfillment';
    await expect(ask(foreign.href, 'select 1')).rejects.toThrow('permission denied for database');
    await expect(ask(databases.intent.url, 'create table mine()')).rejects.toThrow(
      'permission denied',
    );
  });
});
