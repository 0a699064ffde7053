import { Worker } from 'node:worker_threads';
import type { OutgoingMessage } from '@paylog/kafka';
import type { Pool } from 'pg';
import { logMessages } from '../log-messages.js';
import type { Publishing } from '../publishing.js';
import type { SkipLockedDone, SkipLockedWork } from './skip-locked-workers.js';

const LOAD_ROWS = 500;
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
 * the partition stored beforehand, a stock kafkajs producer with our settings, 500 messages a batch as ours, the table
 * vacuumed before the clock. Two workers may send a partition's messages out of order, which ours never does.
 */
export async function skipLocked(
  pool: Pool,
  where: { url: string; brokers: string[] },
): Promise<Publishing> {
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
    publish: ({ topic }) => drained({ ...where, topic, workers: WORKERS }),
  };
}

/** The outbox drained by workers in a thread where kafkajs is stock: see there. */
function drained(workerData: SkipLockedWork): Promise<SkipLockedDone> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('skip-locked-workers.js', import.meta.url), { workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** Some of each lane in turn: roughly the order in which they came about. */
function* interleaved(lanes: readonly OutgoingMessage[][]): Generator<OutgoingMessage[]> {
  const longest = Math.max(...lanes.map((lane) => lane.length));
  for (let from = 0; from < longest; from += LOAD_ROWS) {
    const numbers = Array.from({ length: LOAD_ROWS }, (_, i) => from + i);
    yield numbers.flatMap((number) => lanes.flatMap((lane) => lane[number] ?? []));
  }
}
