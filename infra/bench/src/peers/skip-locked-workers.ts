import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import pg from 'pg';
import { ACKS, connectedProducer } from '../publishing.js';

/*
 * Runs in a thread of its own, because there kafkajs is as it comes from npm: ours is mended in place, for the whole
 * thread it is loaded in.
 */

export interface SkipLockedWork {
  readonly url: string;
  readonly brokers: string[];
  readonly topic: string;
  readonly workers: number;
}

export interface SkipLockedDone {
  readonly acked: number;
  readonly seconds: number;
  readonly roundTrips: number;
}

const BATCH_ROWS = 500;

interface Waiting {
  readonly id: string;
  readonly partition: number;
  readonly key: string;
  readonly headers: Record<string, string>;
  readonly value: Buffer;
}

const { url, brokers, topic, workers } = workerData as SkipLockedWork;
parentPort?.postMessage(await drainAll());

async function drainAll(): Promise<SkipLockedDone> {
  const kafka = new Kafka({ brokers, clientId: 'skip-locked', logLevel: logLevel.ERROR });
  const producer = await connectedProducer(kafka);
  const pool = new pg.Pool({ connectionString: url, max: workers });
  const clients = await Promise.all(Array.from({ length: workers }, () => pool.connect()));
  const started = performance.now();
  const done = await Promise.all(clients.map((client) => drain(client, producer)));
  const seconds = (performance.now() - started) / 1000;
  for (const client of clients) client.release();
  await pool.end();
  await producer.disconnect();
  return {
    acked: done.reduce((sum, { sent }) => sum + sent, 0),
    roundTrips: done.reduce((sum, { trips }) => sum + trips, 0),
    seconds,
  };
}

async function drain(client: pg.PoolClient, producer: Producer) {
  let [sent, trips] = [0, 0];
  const query = <Row extends pg.QueryResultRow>(statement: string | pg.QueryConfig) => {
    trips += 1;
    return client.query<Row>(statement as pg.QueryConfig);
  };
  for (;;) {
    await query('begin');
    const { rows } = await query<Waiting>({
      name: 'claim',
      text: `select id, partition, key, headers, payload as value from outbox where not sent
        order by id limit $1 for update skip locked`,
      values: [BATCH_ROWS],
    });
    if (rows.length === 0) break;
    await producer.sendBatch({ ...ACKS, topicMessages: [{ topic, messages: rows }] });
    await query({
      name: 'mark',
      text: 'update outbox set sent = true where id = any($1::bigint[])',
      values: [rows.map(({ id }) => id)],
    });
    await query('commit');
    sent += rows.length;
  }
  await query('commit');
  return { sent, trips };
}
