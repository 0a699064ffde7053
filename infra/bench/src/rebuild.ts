import { performance } from 'node:perf_hooks';
import { postgresLog, type EventLog } from '@paylog/event-sourcing';
import { createPool } from '@paylog/postgres';
import type { Pool } from 'pg';
import type { Bench } from './bench.js';
import { Meter } from './counters.js';
import { loadPayments } from './load-payments.js';
import type { Measured } from './measured.js';
import { startPaymentDatabase, withoutCheckpoints } from './payment-database.js';
import { printerOf, type StoredPayment } from './payment-histories.js';
import { COPIES } from './peers/copy-out.js';
import { pagedSelect } from './peers/paged-select.js';
import { type Refolder, sumOfVersions } from './refolder.js';
import { shipped } from './shipped.js';
import { TEN_FACTS } from './told-histories.js';

interface Rebuilt {
  readonly events: number;
  readonly equal: boolean;
  readonly swapped: boolean;
}

type RebuildPayments = (options: { pool: Pool; log: EventLog }) => Promise<Rebuilt>;

/** `services/payment-state`'s own: cut, shadow table, comparison with the live one, digest, swap. */
async function ours(): Promise<Refolder> {
  const { rebuildPayments } = await shipped<{ rebuildPayments: RebuildPayments }>(
    'payment-state',
    'rebuild/rebuild.js',
  );
  return {
    key: 'rebuild',
    role: 'ours',
    async run(pool) {
      const log = await postgresLog(pool, 'payments');
      const { events, equal, swapped } = await rebuildPayments({ pool, log });
      if (!equal || !swapped) throw new Error('the rebuild found another state than was loaded');
      return events;
    },
    count: (pool) => sumOfVersions(pool, 'query.payments'),
  };
}

const EVENTS_A_PAYMENT = 10;

export const rebuild: Bench = {
  name: 'rebuild',
  about: "payment-state's read model folded anew from a million events, written and compared",
  compares: 'throughput',
  async open({ rows = 1_000_000, say }) {
    const database = await startPaymentDatabase();
    await withoutCheckpoints(database.superuserUrl);
    const pool = createPool(database.ownerUrl, {
      name: 'bench',
      connectTimeoutMs: 10_000,
      transactionTimeoutMs: 0,
    });
    const meter = await Meter.open(database.superuserUrl);
    const started = performance.now();
    await loadPayments(pool, payments(rows / EVENTS_A_PAYMENT));
    await pool.query('vacuum (freeze, analyze) payments.rows, query.payments');
    say(`${rows} events loaded in ${((performance.now() - started) / 1000).toFixed(0)} s`);
    const refolders = [await ours(), pagedSelect, ...COPIES];
    return {
      contenders: refolders.map((refolder) => ({
        key: refolder.key,
        role: refolder.role,
        round: () => measure(refolder, pool, meter),
      })),
      async close() {
        await meter.close();
        await pool.end();
        await database.stop();
      },
    };
  },
};

async function measure(refolder: Refolder, pool: Pool, meter: Meter): Promise<Measured> {
  await meter.start();
  const started = performance.now();
  const acked = await refolder.run(pool);
  const seconds = (performance.now() - started) / 1000;
  const counters = await meter.stop(acked);
  return { rows: await refolder.count(pool), acked, seconds, counters };
}

export function* payments(count: number): Generator<StoredPayment> {
  const printers = TEN_FACTS.map(printerOf);
  for (let number = 1; number <= count; number++) {
    const print = printers[number % printers.length];
    if (print) yield print(number);
  }
}
