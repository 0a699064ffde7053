import type { EventLog } from './log.js';
import { postgresLog } from './postgres-log.js';
import { readBatch, type ReadRows } from './read-batch.js';
import { createLogDatabase, type TestLogDatabase } from './testing/database.js';
import { newAppend } from './testing/rows.js';

const PLENTY = { rows: 500, bytes: 1_000_000 };

let database: TestLogDatabase;
let log: EventLog;
let questions: number;

beforeEach(async () => {
  database = await createLogDatabase();
  log = await postgresLog(database.pool, 'payments');
  const query = database.pool.query.bind(database.pool) as (...given: unknown[]) => unknown;
  questions = 0;
  jest.spyOn(database.pool, 'query').mockImplementation((...given: unknown[]) => {
    if ((given[0] as { name?: string }).name === 'read-batch payments') questions += 1;
    return query(...given) as never;
  });
  for (const round of [0, 1, 2]) {
    await log.append(
      [0, 1, 2, 3].map((lane) => newAppend(`${lane}.${round}`, `${lane}`, round, { lane })),
    );
  }
});

afterEach(() => database.drop());

const ask = (lane: number, from: bigint, limits = PLENTY): Promise<ReadRows> =>
  readBatch(database.pool, 'payments', lane, from, limits);

const keysIn = ({ rows }: ReadRows): string[] => rows.map(({ key }) => key);

test('who asks in the same turn shares a question, and has his own lane’s rows in order', async () => {
  const answers = await Promise.all([
    ask(3, 0n),
    ask(0, 1n),
    ask(2, 3n),
    ask(3, 1n, { rows: 1, bytes: 1_000_000 }),
  ]);
  expect(answers.map(keysIn)).toEqual([['3.0', '3.1', '3.2'], ['0.1', '0.2'], [], ['3.1']]);
  expect(answers.map(({ mayBeMore }) => mayBeMore)).toEqual([false, false, false, true]);
  expect(questions).toBe(1);
});

test('bytes are bounded for each by himself, and one row comes whatever its size', async () => {
  const answers = await Promise.all([ask(1, 0n, { rows: 500, bytes: 1 }), ask(2, 1n)]);
  expect(answers.map(keysIn)).toEqual([['1.0'], ['2.1', '2.2']]);
  expect(answers.map(({ mayBeMore }) => mayBeMore)).toEqual([true, false]);
});

test('who asks later asks by himself, and sees what was written before he asked', async () => {
  const early = ask(0, 3n);
  await early;
  await log.append([newAppend('0.3', '0', 3)]);
  expect(keysIn(await ask(0, 3n))).toEqual(['0.3']);
  expect(questions).toBe(2);
});

test('a database that refuses fails everybody who asked, and nobody after them', async () => {
  const refusal = new Error('no');
  (database.pool.query as unknown as jest.Mock).mockRejectedValueOnce(refusal);
  const answers = await Promise.allSettled([ask(0, 0n), ask(1, 0n)]);
  expect(answers).toEqual([0, 1].map(() => ({ status: 'rejected', reason: refusal })));
  expect(keysIn(await ask(1, 2n))).toEqual(['1.2']);
});
