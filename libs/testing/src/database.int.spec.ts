import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { createServiceDatabase, createTestDatabase } from './database.js';
import { testKafkaBrokers } from './kafka.js';

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows[0]?.[0];
  } finally {
    await client.end();
  }
}

describe('the stack of a test run', () => {
  it('gives each caller an empty database, and takes it away with whoever is connected', async () => {
    const [mine, yours] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    await ask(mine.url, 'create table only_mine()');
    expect(await ask(yours.url, `select to_regclass('only_mine')`)).toBeNull();
    const lingering = new pg.Client({ connectionString: mine.url });
    lingering.on('error', () => {}); // It is ended by the drop.
    await lingering.connect();
    await Promise.all([mine.drop(), yours.drop()]);
    await expect(ask(mine.url, 'select 1')).rejects.toThrow('does not exist');
  });

  it('gives a service a role that works and an owner that migrates', async () => {
    const database = await createServiceDatabase('webhook-ingest');
    await ask(database.ownerUrl, 'create table evidence()');
    expect(await ask(database.serviceUrl, 'select current_user')).toBe('paylog_webhook_ingest');
    await expect(ask(database.serviceUrl, 'table evidence')).rejects.toThrow('permission denied');
    await database.drop();
  });

  it('lets no other service in', async () => {
    const mine = await createServiceDatabase('intent');
    const other = await createServiceDatabase('fulfillment');
    const foreign = new URL(mine.serviceUrl);
    foreign.username = new URL(other.serviceUrl).username;
    await expect(ask(foreign.href, 'select 1')).rejects.toThrow('permission denied for database');
    await Promise.all([mine.drop(), other.drop()]);
  });

  it('has a Kafka that answers', async () => {
    const kafka = new Kafka({ brokers: testKafkaBrokers(), logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    expect((await admin.describeCluster()).brokers).toHaveLength(1);
    await admin.disconnect();
  });
});
