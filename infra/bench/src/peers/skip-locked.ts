import { performance } from 'node:perf_hooks';
import type { OutgoingMessage } from '@paylog/kafka';
import type { Producer } from 'kafkajs';
import type { Pool } from 'pg';
import { logMessages } from '../log-messages.js';
import { ACKS, connectedProducer, type Publishing } from '../publishing.js';

const BATCH_ROWS = 500;
/** Workers side by side are what SKIP LOCKED is for; two were fastest on two cores. */
const WORKERS = 2;

const SCHEMA = `
  create table waiting (
    partition int not null, key text not null, headers jsonb not null, payload bytea not null
  );
  create table outbox (
    id bigint generated always as identity primary key, partition int not null, key text not null,
    headers jsonb not null, payload bytea not null, sent boolean not null default false
  );
  alter table outbox alter payload set storage external;
  create index outbox_unsent on outbox (id) where not sent;
`;

/**
 * The usual outbox: workers take the oldest unsent messages with FOR UPDATE SKIP LOCKED, send them, mark them as sent and
 * commit. In its best form: no pause between two batches, a partial index on what is unsent, statements prepared by name,
 * the partition stored beforehand, the same producer, batches as large as ours, the table vacuumed before the clock. Two
 * workers may send a partition's messages out of order, which ours never does.
 */
export async function skipLocked(pool: Pool): Promise<Publishing> {
  await pool.query(SCHEMA);
  for (const lane of interleaved(await logMessages(pool))) {
    await pool.query(
      `insert into waiting select * from unnest($1::int[], $2::text[], $3::jsonb[], $4::bytea[])`,
      [
        lane.map(({ partition }) => partition),
        lane.map(({ key }) => key),
        lane.map(({ headers }) => JSON.stringify(headers)),
        lane.map(({ value }) => value),
      ],
    );
  }
  return {
    key: 'skip locked outbox',
    role: 'peer',
    async prepare() {
      await pool.query('truncate outbox');
      await pool.query(
        `insert into outbox (partition, key, headers, payload)
         select partition, key, headers, payload from waiting order by ctid`,
      );
      await pool.query('vacuum (freeze, analyze) outbox');
    },
    async publish({ kafka, topic }) {
      const producer = await connectedProducer(kafka);
      const started = performance.now();
      const workers = Array.from({ length: WORKERS }, () => drain(pool, producer, topic));
      const acked = (await Promise.all(workers)).reduce((a, b) => a + b, 0);
      const seconds = (performance.now() - started) / 1000;
      await producer.disconnect();
      return { acked, seconds };
    },
  };
}

interface Waiting {
  readonly id: string;
  readonly partition: number;
  readonly key: string;
  readonly headers: Record<string, string>;
  readonly value: Buffer;
}

async function drain(pool: Pool, producer: Producer, topic: string): Promise<number> {
  const client = await pool.connect();
  let sent = 0;
  for (;;) {
    await client.query('begin');
    const { rows } = await client.query<Waiting>({
      name: 'claim',
      text: `select id, partition, key, headers, payload as value from outbox where not sent
        order by id limit $1 for update skip locked`,
      values: [BATCH_ROWS],
    });
    if (rows.length === 0) break;
    await producer.sendBatch({ ...ACKS, topicMessages: [{ topic, messages: rows }] });
    await client.query({
      name: 'mark',
      text: 'update outbox set sent = true where id = any($1::bigint[])',
      values: [rows.map(({ id }) => id)],
    });
    await client.query('commit');
    sent += rows.length;
  }
  await client.query('commit');
  client.release();
  return sent;
}

/** Some of each lane in turn: roughly the order in which they came about. */
function* interleaved(lanes: readonly OutgoingMessage[][]): Generator<OutgoingMessage[]> {
  const longest = Math.max(...lanes.map((lane) => lane.length));
  for (let from = 0; from < longest; from += BATCH_ROWS) {
    const numbers = Array.from({ length: BATCH_ROWS }, (_, i) => from + i);
    yield numbers.flatMap((number) => lanes.flatMap((lane) => lane[number] ?? []));
  }
}
