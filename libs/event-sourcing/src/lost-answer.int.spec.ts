import { createPool } from '@paylog/postgres';
import type { Pool } from 'pg';
import type { EventLog } from './log.js';
import { postgresLog } from './postgres-log.js';
import { createLogDatabase, type TestLogDatabase } from './testing/database.js';
import { Proxy } from './testing/proxy.js';
import { newAppend } from './testing/rows.js';

let database: TestLogDatabase;
let proxy: Proxy;
let pool: Pool;
let log: EventLog;

beforeEach(async () => {
  database = await createLogDatabase();
  proxy = await Proxy.before(database.url);
  pool = createPool(proxy.url, { name: 'lost answers', max: 1 });
  log = await postgresLog(pool, 'payments', { answerTimeoutMs: 300, settleTimeoutMs: 900 });
  await log.append([newAppend('before', 'before', 0)], { input: input(0n, 1n) });
});

afterEach(async () => {
  await pool.end().catch(() => undefined);
  await proxy.close();
  await database.drop();
});

const input = (from: bigint, to: bigint) => ({ source: 'topic', partition: 0, from, to });
const parked = {
  id: 'p',
  kind: 'poison',
  source: 'topic',
  partition: 0,
  offset: 1n,
  key: null,
  value: null,
  headers: {},
  stage: 'decode',
  error: 'no JSON',
} as const;

test.each(['answer', 'call', 'silence'] as const)(
  'a flush whose %s is lost is settled: each append has the answer it would have had',
  async (cut) => {
    proxy.cutNext(cut);
    const conflict = newAppend('conflict', 'before', 7);
    const answers = await log.append([
      newAppend('a', 'a', 0, { lane: 1 }),
      newAppend('b', 'a', 1, { lane: 1 }),
      newAppend('a', 'a', 0, { lane: 1 }),
      newAppend('before', 'before', 0),
      conflict,
    ]);
    expect(answers).toEqual([
      { status: 'appended', lane: 1, position: 0n, version: 1 },
      { status: 'appended', lane: 1, position: 1n, version: 2 },
      { status: 'duplicate', lane: 1, position: 0n },
      { status: 'duplicate', lane: 0, position: 0n },
      { status: 'version_conflict', version: 1 },
    ]);
    expect(await log.readStream('a')).toHaveLength(2);
  },
);

test.each(['answer', 'call', 'silence'] as const)(
  'a flush that only moves an offset and parks is settled too when its %s is lost',
  async (cut) => {
    proxy.cutNext(cut);
    expect(await log.append([], { input: input(1n, 2n), parked: [parked] })).toEqual([]);
    expect(await log.offset('topic', 0)).toBe(2n);
    expect(await log.parked()).toHaveLength(1);
    expect(await log.append([], { input: input(1n, 2n) })).toEqual([
      { status: 'offset_moved', next: 2n },
    ]);
  },
);

test('answers lost many times in a row change nothing', async () => {
  proxy.cutNext('answer', 4);
  const appends = [newAppend('a', 'a', 0), newAppend('b', 'b', 0)];
  const answers = await log.append(appends, { input: input(1n, 2n) });
  expect(answers.map(({ status }) => status)).toEqual(['appended', 'appended']);
});

test('what cannot be looked up in time is called unknown, and may safely be done again', async () => {
  proxy.cutNext('answer');
  proxy.refusing = true;
  const start = Date.now();
  const append = newAppend('a', 'a', 0);
  const lost = log.append([append], { input: input(1n, 2n) });
  await expect(lost).rejects.toMatchObject({ code: 'outcome_unknown', transient: true });
  expect(Date.now() - start).toBeLessThan(2500);
  proxy.refusing = false;
  expect(await log.append([append])).toMatchObject([{ status: 'duplicate' }]);
  expect(await log.offset('topic', 0)).toBe(2n);
});

test('a database that is away says so within a second, and nothing is unknown', async () => {
  await proxy.close();
  await pool.query('select 1').catch(() => undefined);
  const start = Date.now();
  const away = log.append([newAppend('a', 'a', 0)]);
  await expect(away).rejects.toMatchObject({ code: 'database_unavailable', transient: true });
  expect(Date.now() - start).toBeLessThan(1500);
});
