import { performance } from 'node:perf_hooks';
import { openLanes, postgresLog } from '@paylog/event-sourcing';
import { createPool } from '@paylog/postgres';
import { inParallel, type Appender } from './appender.js';
import { appendWork, INPUT, type AppendWork, type FactBatch } from './append-work.js';
import type { Bench, Contender } from './bench.js';
import { Meter } from './counters.js';
import { countRows, FreshDatabases, nameIn } from './fresh-database.js';
import type { Measured } from './measured.js';
import { startPaymentDatabase } from './payment-database.js';
import { copy } from './peers/copy.js';
import { emmett } from './peers/emmett.js';
import { transactionAMessage } from './peers/transaction-a-message.js';

/** As payment-state's consumer: so many partitions at a time, one batch of each in flight. */
const PARTITIONS_AT_ONCE = 4;

const ours = (work: AppendWork): Appender => ({
  key: 'append',
  role: 'ours',
  paymentState: true,
  table: 'payments.rows',
  connections: PARTITIONS_AT_ONCE,
  prepare: (pool) => openLanes(pool, 'payments'),
  async store(pool) {
    const log = await postgresLog(pool, 'payments');
    let appended = 0;
    const take = async ({ lane: partition, from, to, appends }: FactBatch) => {
      const input = { source: INPUT, partition, from, to };
      const answers = await log.append(appends, { input });
      appended += answers.filter(({ status }) => status === 'appended').length;
    };
    await inParallel(PARTITIONS_AT_ONCE, work.lanes, async (batches) => {
      for (const batch of batches) await take(batch);
    });
    return appended;
  },
});

export const append: Bench = {
  name: 'append',
  about: 'events, keys, projection, offset and hash chain in one commit',
  compares: 'throughput',
  async open({ rows = 20_000, say }) {
    const work = await appendWork(rows);
    say(
      `${work.rows} events of payment-state, ${(bytesOf(work) / work.rows).toFixed(0)} bytes each`,
    );
    const database = await startPaymentDatabase();
    const databases = await FreshDatabases.on(database.superuserUrl);
    const template = nameIn(database.superuserUrl);
    const appenders = [ours(work), transactionAMessage(work), emmett(work), copy(work)];
    const contenders = appenders.map((appender): Contender => {
      const { key, role, paymentState } = appender;
      return {
        key,
        role,
        round: async () => {
          const url = await databases.create(paymentState ? template : undefined);
          try {
            return await measure(appender, url);
          } finally {
            await databases.drop(url);
          }
        },
      };
    });
    return {
      contenders,
      async close() {
        await databases.close();
        await database.stop();
      },
    };
  },
};

async function measure(appender: Appender, url: string): Promise<Measured> {
  const pool = createPool(url, {
    name: appender.key,
    max: appender.connections,
    connectTimeoutMs: 10_000,
  });
  const meter = await Meter.open(url);
  try {
    await appender.prepare(pool, url);
    await meter.start();
    const started = performance.now();
    const acked = await appender.store(pool, url);
    const seconds = (performance.now() - started) / 1000;
    const counters = await meter.stop(acked, [pool]);
    return { rows: await countRows(pool, appender.table), acked, seconds, counters };
  } finally {
    await meter.close();
    await pool.end();
  }
}

const bytesOf = ({ lanes }: AppendWork): number =>
  lanes.flat().reduce((sum, { appends }) => sum + dataBytes(appends), 0);

const dataBytes = (appends: FactBatch['appends']): number =>
  appends.flatMap(({ rows }) => rows).reduce((sum, { data }) => sum + data.length, 0);
