import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { createKafka, createPublisher } from '@paylog/kafka';
import pg from 'pg';
import { clusterIdOf } from './kafka-admin.js';
import { startNativeKafka } from './kafka.js';
import { newFolder } from './places.js';
import { startNativePostgres } from './postgres.js';

const folder = newFolder('stack-spec');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows[0]?.[0];
  } finally {
    await client.end();
  }
}

describe('a native Postgres', () => {
  it('keeps what was committed before it was killed, and answers at the same address after', async () => {
    const postgres = await startNativePostgres({ folder });
    try {
      expect(await ask(postgres.url, 'show fsync')).toBe('on');
      await ask(postgres.url, 'create table kept as select 7 as number');
      await postgres.kill();
      await expect(ask(postgres.url, 'select 1')).rejects.toThrow('ECONNREFUSED');
      await postgres.start();
      expect(await ask(postgres.url, 'select number from kept')).toBe(7);
    } finally {
      await postgres.stop();
    }
  });

  it('uses its folder again after a stop', async () => {
    const postgres = await startNativePostgres({ folder });
    try {
      expect(await ask(postgres.url, 'select number from kept')).toBe(7);
    } finally {
      await postgres.stop();
    }
  });
});

describe('a native Kafka', () => {
  it('keeps what it acknowledged before it was killed, and answers at the same address after', async () => {
    const broker = await startNativeKafka({ folder });
    const kafka = createKafka({ brokers: broker.brokers, clientId: 'stack-spec' });
    const admin = kafka.admin();
    const publisher = createPublisher(kafka);
    try {
      await admin.connect();
      await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }] });
      const clusterId = await clusterIdOf(broker.brokers);
      await publisher.publish('kept', [
        { partition: 0, key: 'k', value: Buffer.from('v'), headers: {} },
      ]);
      await broker.kill();
      await expect(clusterIdOf(broker.brokers)).rejects.toThrow();
      await broker.start();
      expect(await clusterIdOf(broker.brokers)).toBe(clusterId);
      const offsets = await admin.fetchTopicOffsets('kept');
      expect(offsets).toMatchObject([{ partition: 0, high: '1' }]);
    } finally {
      await publisher.close();
      await admin.disconnect();
      await broker.stop();
    }
  });

  it('does not take another server on its port for itself', async () => {
    const broker = await startNativeKafka({ folder });
    await broker.stop();
    const port = Number(broker.brokers[0]?.split(':')[1]);
    const squatter = await listen(port);
    try {
      await expect(broker.start()).rejects.toThrow('Kafka did not start');
    } finally {
      squatter.close();
    }
  });
});

function listen(port: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
