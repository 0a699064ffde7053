import type { EventLog, ParkedRow } from './log.js';
import { memoryLog, type Accepted } from './memory-log.js';
import { postgresLog } from './postgres-log.js';
import { createLogDatabase, type TestLogDatabase } from './testing/database.js';
import { randomHistory } from './testing/history.js';

const HISTORIES = 300;
const LANES = 3;

let database: TestLogDatabase;
let stored: EventLog;
let memory: EventLog;
const projected: { accepted: readonly Accepted[]; effects: unknown }[] = [];

beforeAll(async () => {
  database = await createLogDatabase({
    lanes: LANES,
    extraSql: `
      create table payments.projected (number serial primary key, accepted jsonb, effects jsonb);
      create or replace function payments.project(accepted jsonb, effects jsonb) returns void
      language sql as $$ insert into payments.projected (accepted, effects) values ($1, $2) $$;`,
  });
  stored = await postgresLog(database.pool, 'payments');
  memory = memoryLog({
    schema: 'payments',
    lanes: LANES,
    project: (accepted, effects) =>
      void projected.push({ accepted: [...accepted], effects: effects ?? null }),
  });
});

afterAll(() => database.drop());

test(`Postgres and memory give equal answers over ${HISTORIES} seeded histories`, async () => {
  const seen = new Map<string, number>();
  for (let seed = 1; seed <= HISTORIES; seed++) {
    for (const [number, { appends, options }] of randomHistory(seed, LANES).entries()) {
      const answers = await stored.append(appends, options);
      const expected = await memory.append(appends, options);
      expect({ seed, number, answers }).toEqual({ seed, number, answers: expected });
      for (const { status } of answers) seen.set(status, (seen.get(status) ?? 0) + 1);
    }
    const at = { seed, offset: await stored.offset(`source ${seed}`, 0) };
    expect(at).toEqual({ seed, offset: await memory.offset(`source ${seed}`, 0) });
  }
  // A history that never meets a case proves nothing about it.
  for (const status of [
    'appended',
    'duplicate',
    'same_key_other_content',
    'version_conflict',
    'offset_moved',
    'refused',
  ]) {
    expect([status, seen.get(status) ?? 0]).toEqual([status, expect.any(Number)]);
    expect(seen.get(status) ?? 0).toBeGreaterThan(50);
  }
});

test('and they hold the same afterwards: rows, heads, parked rows, projections', async () => {
  expect(await stored.heads()).toEqual(await memory.heads());
  for (let lane = 0; lane < LANES; lane++) {
    const rows = await stored.readLane(lane, 0n, 100_000);
    expect(rows).toEqual(await memory.readLane(lane, 0n, 100_000));
  }
  const stream = '7-stream-1';
  expect(await stored.readStream(stream, 2)).toEqual(await memory.readStream(stream, 2));
  const streams = ['7-stream-0', '8-stream-2', 'nothing', '7-stream-0'];
  expect(await stored.readStreams(streams)).toEqual(await memory.readStreams(streams));

  const { rows } = await database.pool.query<{ accepted: unknown; effects: unknown }>(
    'select accepted, effects from payments.projected order by number',
  );
  expect(rows).toEqual(projected);

  const all = { limit: 10_000 };
  expect(sorted(await stored.parked(all))).toEqual(sorted(await memory.parked(all)));
  const afterNobody = { limit: 10, after: 'nobody' };
  expect(await stored.listParked(afterNobody)).toEqual([]);
  expect(await memory.listParked(afterNobody)).toEqual([]);
  expect(sorted(await stored.unpublishedParked(10_000))).toEqual(
    sorted(await memory.unpublishedParked(10_000)),
  );
});

/** By id and without the time, which two clocks tell. */
const sorted = (rows: ParkedRow[]): unknown[] =>
  rows.map(({ parkedAt: _, ...row }) => row).sort((a, b) => (a.id < b.id ? -1 : 1));
