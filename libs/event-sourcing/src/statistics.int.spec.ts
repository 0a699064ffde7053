import { postgresLog } from './postgres-log.js';
import { readBatch } from './read-batch.js';
import { createLogDatabase, type TestLogDatabase } from './testing/database.js';
import { newAppend } from './testing/rows.js';

const FLUSHES = 160;

let database: TestLogDatabase;

beforeEach(async () => {
  // No ANALYZE will come by: a database under sudden load, in its first minutes.
  database = await createLogDatabase({
    poolMax: 1, // One session, so that a plan made early is the plan of the whole run.
    extraSql: ['rows', 'keys', 'blocks', 'lanes', 'offsets', 'flushes']
      .map((table) => `alter table payments.${table} set (autovacuum_enabled = false);`)
      .join(''),
  });
});

afterEach(() => database.drop());

test('a log without statistics is never scanned, however many rows it gets', async () => {
  await fillWithoutScans();
});

test('nor one whose statistics say that it has three rows', async () => {
  const log = await postgresLog(database.pool, 'payments');
  await log.append([1, 2, 3].map((n) => newAppend(`tiny-${n}`, `tiny-${n}`, 0)));
  for (const table of ['rows', 'keys', 'blocks', 'lanes']) {
    await database.pool.query(`vacuum analyze payments.${table}`);
  }
  await fillWithoutScans();
});

async function fillWithoutScans(): Promise<void> {
  const log = await postgresLog(database.pool, 'payments');
  // So often that whatever plan is kept is kept from here on.
  for (let read = 0; read < 10; read++) {
    await log.readStreams(['tiny-1']);
    await readBatch(database.pool, 'payments', 0, 0n, { rows: 10, bytes: 10_000 });
  }
  const before = await scans();
  const times: number[] = [];
  for (let flush = 0; flush < FLUSHES; flush++) {
    const appends = Array.from({ length: 256 }, (_, i) => {
      const stream = `stream-${flush % 40}-${i % 64}`;
      const version = Math.floor(flush / 40) * 4 + Math.floor(i / 64);
      return newAppend(`key-${flush}-${i}`, stream, version, { lane: flush % 4 });
    });
    const input = { source: 'topic', partition: 0, from: BigInt(flush), to: BigInt(flush + 1) };
    const start = performance.now();
    const answers = await log.append(appends, { input });
    times.push(performance.now() - start);
    expect(answers.every(({ status }) => status === 'appended')).toBe(true);
    await log.readStreams(appends.slice(0, 5).map(({ stream }) => stream));
    await readBatch(database.pool, 'payments', flush % 4, BigInt(flush), {
      rows: 10,
      bytes: 10_000,
    });
    // While a table has a page or two a scan is the better plan, and this reading is planned anew.
    if (flush > 10) await log.readLane(flush % 4, BigInt(flush), 10);
  }
  // Of the medians, because this machine is not ours alone.
  expect(median(times.slice(-40))).toBeLessThan(median(times.slice(10, 50)) * 4);

  const after = await scans();
  expect(after.sequential).toEqual(before.sequential);
  expect(after.byIndex).toBeGreaterThan(before.byIndex + FLUSHES);
}

async function scans(): Promise<{ sequential: unknown; byIndex: number }> {
  await database.pool.query('select pg_stat_force_next_flush()');
  const { rows } = await database.pool.query<{ name: string; seq: string; idx: string | null }>(
    `select relname as name, seq_scan as seq, idx_scan as idx from pg_stat_user_tables
     where schemaname = 'payments' and relname in ('rows', 'keys', 'blocks') order by relname`,
  );
  return {
    sequential: rows.map(({ name, seq }) => ({ name, seq })),
    byIndex: rows.reduce((sum, { idx }) => sum + Number(idx ?? 0), 0),
  };
}

const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
