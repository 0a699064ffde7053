import { performance } from 'node:perf_hooks';
import { startRelay, type LogRow, type RelayTarget } from '@paylog/event-sourcing';
import { createKafka, kafkaRelayTarget, provisionTopics } from '@paylog/kafka';
import { newFolder, removeAtEnd, startNativeKafka, waitFor } from '@paylog/local';
import { createPool } from '@paylog/postgres';
import type { Kafka } from 'kafkajs';
import type { Pool } from 'pg';
import type { Bench, Contender } from './bench.js';
import { Meter } from './counters.js';
import { loadPayments } from './load-payments.js';
import type { Measured } from './measured.js';
import { startPaymentDatabase } from './payment-database.js';
import { printerOf, type StoredPayment } from './payment-histories.js';
import { fromMemory } from './peers/from-memory.js';
import { skipLocked } from './peers/skip-locked.js';
import type { Publishing } from './publishing.js';
import { TEN_FACTS } from './told-histories.js';

const EVENTS_A_PAYMENT = 10;
const LANES = 8;
const QUIET = { debug() {}, info() {}, warn() {}, error() {} };

/** The real relay of payment-state's log, all lanes, from the first row on. */
const ours = (rows: number): Publishing => ({
  key: 'relay',
  role: 'ours',
  async prepare({ pool }) {
    await pool.query('update payments.relay set position = 0, next_offset = 0');
  },
  async publish({ pool, kafka, topic }) {
    const target = kafkaRelayTarget(kafka, topic, { logger: QUIET });
    const { allOpened, held } = heldUntilOpen(target);
    const relay = await startRelay({ pool, schema: 'payments', target: held, logger: QUIET });
    // A relay compares its lanes with the topic before it begins; an outbox has no such step.
    await allOpened;
    const started = performance.now();
    const published = () =>
      relay.status().lanes.reduce((sum, { position }) => sum + Number(position), 0);
    await waitFor('the relay', async () => published() === rows || undefined, {
      deadlineMs: 120_000,
      everyMs: 2,
    });
    const seconds = (performance.now() - started) / 1000;
    const acked = published();
    await relay.stop();
    await target.close();
    return { acked, seconds };
  },
});

/** Lets no lane begin to publish before each has been compared with its (empty) partition. */
function heldUntilOpen(target: RelayTarget) {
  let waiting = 0;
  let open = () => {};
  const allOpened = new Promise<void>((resolve) => (open = resolve));
  const held: RelayTarget = {
    publish: (lane: number, rows: readonly LogRow[]) => target.publish(lane, rows),
    async *read(lane, from) {
      yield* target.read(lane, from);
      waiting += 1;
      if (waiting === LANES) open();
      await allOpened;
    },
  };
  return { allOpened, held };
}

export const relay: Bench = {
  name: 'relay',
  about: "payment-state's log to its topic on a real broker",
  compares: 'throughput',
  async open({ rows = 40_000, say }) {
    const folder = newFolder('bench-kafka');
    removeAtEnd(folder);
    const broker = await startNativeKafka({ folder });
    const database = await startPaymentDatabase();
    const pool = createPool(database.superuserUrl, {
      name: 'bench',
      connectTimeoutMs: 10_000,
      transactionTimeoutMs: 0,
    });
    const meter = await Meter.open(database.superuserUrl);
    await loadPayments(pool, payments(rows / EVENTS_A_PAYMENT));
    await pool.query('vacuum (freeze, analyze) payments.rows');
    say(`a log of ${rows} rows, ${(await rowBytes(pool)).toFixed(0)} bytes of data each`);
    const kafka = createKafka({ brokers: broker.brokers, clientId: 'bench', logger: QUIET });
    const all = [
      ours(rows),
      await skipLocked(pool, { url: database.superuserUrl, brokers: broker.brokers }),
      await fromMemory(pool),
    ];
    let round = 0;
    const contenders = all.map((publishing): Contender => ({
      key: publishing.key,
      role: publishing.role,
      round: () =>
        measure(publishing, { pool, kafka, topic: `bench.relay.${(round += 1)}` }, meter),
    }));
    return {
      contenders,
      async close() {
        await meter.close();
        await pool.end();
        await database.stop();
        await broker.stop();
      },
    };
  },
};

/** A topic of its own each round, so that everybody begins with empty partitions. */
async function measure(
  publishing: Publishing,
  place: { pool: Pool; kafka: Kafka; topic: string },
  meter: Meter,
): Promise<Measured> {
  const { kafka, pool, topic } = place;
  await provisionTopics(kafka, [{ name: topic, partitions: LANES, config: {} }]);
  await publishing.prepare(place);
  await meter.start();
  const { acked, seconds, roundTrips } = await publishing.publish(place);
  const counted = await meter.stop(acked, [pool]);
  const counters =
    roundTrips === undefined ? counted : { ...counted, roundTrips: roundTrips / acked };
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
  const rows = ends.reduce((sum, { high }) => sum + Number(high), 0);
  return { rows, acked, seconds, counters };
}

function* payments(count: number): Generator<StoredPayment> {
  const print = TEN_FACTS.map(printerOf);
  for (let number = 0; number < count; number++) {
    const payment = print[number % print.length]?.(number);
    if (payment) yield payment;
  }
}

async function rowBytes(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ bytes: string }>(
    'select avg(octet_length(data)) as bytes from payments.rows',
  );
  return Number(rows[0]?.bytes);
}
