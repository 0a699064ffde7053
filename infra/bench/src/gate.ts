import { partitionOf } from '@paylog/contracts';
import { type Append, postgresLog } from '@paylog/event-sourcing';
import { createPool } from '@paylog/postgres';
import type { Pool } from 'pg';
import { roundTripsSoFar } from './counters.js';
import { FactFeed, type Told } from './fact-feed.js';
import type { Costs, GateCounters } from './gate-costs.js';
import { idsOf } from './payment-histories.js';
import { startServiceDatabases, type ServiceDatabases } from './payment-database.js';
import { shipped } from './shipped.js';
import { TEN_FACTS } from './told-histories.js';

/** Of one partition, told of in turns: each batch holds some facts of each. */
const PAYMENTS_AT_ONCE = 128;
const FACTS_A_TURN = 2;
const FACTS_A_PAYMENT = 10;
const FACTS_A_BATCH = PAYMENTS_AT_ONCE * FACTS_A_TURN;
const WEBHOOKS_A_BATCH = 64;
const WEBHOOK_BYTES = 1_000;
const PARTITION = 0;
/** Other specs may have the machine to themselves for seconds. */
const PATIENT = { name: 'gate', connectTimeoutMs: 30_000 };

/**
 * What the two hot writes cost whatever the machine: SQL round trips and WAL bytes a row, at a fixed batch size. The same
 * rows in the same order each time, on a server of its own on which nothing else writes, without the page images that
 * follow each checkpoint; so two runs differ by less than a percent.
 */
export async function measureGate(): Promise<GateCounters> {
  const databases = await startServiceDatabases(['payment-state', 'webhook-ingest'], {
    fast: true,
  });
  try {
    const quiet = createPool(databases.superuserUrl, { ...PATIENT, max: 1 });
    await quiet.query('alter system set autovacuum = off');
    await quiet.query('select pg_reload_conf()');
    await quiet.end();
    const payments = await measureOn(databases, 'payment-state', measurePayments);
    const evidence = await measureOn(databases, 'webhook-ingest', measureEvidence);
    return { payments, evidence };
  } finally {
    await databases.stop();
  }
}

type Service = 'payment-state' | 'webhook-ingest';

async function measureOn(
  databases: ServiceDatabases<Service>,
  service: Service,
  measure: (pool: Pool) => Promise<Costs>,
): Promise<Costs> {
  const pool = createPool(databases.urls[service].ownerUrl, { ...PATIENT, max: 2 });
  try {
    return await measure(pool);
  } finally {
    await pool.end();
  }
}

/** Batches of facts, of new and of known payments, by payment-state's own ingest. */
async function measurePayments(pool: Pool): Promise<Costs> {
  const feed = await FactFeed.open(pool);
  const windows = windowsOf(3).map((told) => inBatches(told, FACTS_A_BATCH));
  const batches = windows.map((window) => window.map((told) => feed.batch(PARTITION, told)));
  const [warmUp = [], ...measured] = batches;
  for (const batch of warmUp) await feed.take(batch);
  return costsOf(pool, measured.flat().length * FACTS_A_BATCH, FACTS_A_BATCH, async () => {
    for (const batch of measured.flat()) await feed.take(batch);
  });
}

/** Windows of payments of one partition: every payment's first facts, then every payment's next ones. */
function windowsOf(count: number): Told[][] {
  const numbers: number[] = [];
  for (let number = 1; numbers.length < count * PAYMENTS_AT_ONCE; number++) {
    if (partitionOf(idsOf(number, 1).payment) === PARTITION) numbers.push(number);
  }
  return Array.from({ length: count }, (_, i) => {
    const payments = numbers
      .slice(i * PAYMENTS_AT_ONCE, (i + 1) * PAYMENTS_AT_ONCE)
      .map((number) => {
        const ids = idsOf(number, FACTS_A_PAYMENT);
        const facts = TEN_FACTS[number % TEN_FACTS.length]?.facts(ids) ?? [];
        return facts.map((fact) => ({ paymentId: ids.payment, fact }));
      });
    const turns = Array.from({ length: FACTS_A_PAYMENT / FACTS_A_TURN }, (_each, turn) =>
      payments.flatMap((told) => told.slice(turn * FACTS_A_TURN, (turn + 1) * FACTS_A_TURN)),
    );
    return turns.flat();
  });
}

interface ShippedEvidence {
  toEvidence(delivery: object, secret: string): object;
  toAppend(evidence: object, body: Buffer): Append;
}

/** Webhooks of 1 kB as webhook-ingest stores them, so many a commit. */
async function measureEvidence(pool: Pool): Promise<Costs> {
  const evidence = await shipped<ShippedEvidence>('webhook-ingest', 'ingest/evidence.js');
  const log = await postgresLog(pool, 'evidence', { answerTimeoutMs: 30_000 });
  const appends = Array.from({ length: 20 * WEBHOOKS_A_BATCH }, (_, i) => appendOf(evidence, i));
  const [warmUp = [], ...measured] = inBatches(appends, WEBHOOKS_A_BATCH);
  await log.append(warmUp);
  return costsOf(pool, measured.flat().length, WEBHOOKS_A_BATCH, async () => {
    for (const batch of measured) {
      const answers = await log.append(batch);
      if (answers.some(({ status }) => status !== 'appended')) throw new Error('not appended');
    }
  });
}

function appendOf({ toEvidence, toAppend }: ShippedEvidence, number: number): Append {
  const body = Buffer.from(
    `{"id":"evt_${number}","object":"event","data":"`.padEnd(WEBHOOK_BYTES, 'x'),
  );
  const headers = { 'content-type': 'application/json', 'user-agent': 'Stripe/1.0' };
  const receivedAt = '2026-03-01T12:00:00.000Z';
  const delivery = { gateway: 'stripe', account: 'stripe-main', body, headers, receivedAt };
  return toAppend(toEvidence(delivery, 'current'), body);
}

async function costsOf(
  pool: Pool,
  rows: number,
  batch: number,
  work: () => Promise<void>,
): Promise<Costs> {
  const before = { wal: await walPosition(pool), trips: roundTripsSoFar() };
  await work();
  const trips = roundTripsSoFar() - before.trips;
  const wal = (await walPosition(pool)) - before.wal;
  return { batch, roundTrips: trips / rows, walBytes: wal / rows };
}

async function walPosition(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ bytes: string }>(
    `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') as bytes`,
  );
  return Number(rows[0]?.bytes);
}

function inBatches<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, i) => items.slice(i * size, (i + 1) * size));
}
