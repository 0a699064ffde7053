import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventLog } from './log.js';
import { createLogSql } from './log-sql.js';
import { postgresLog } from './postgres-log.js';
import { createLogDatabase, type TestLogDatabase } from './testing/database.js';
import { eventually } from './testing/eventually.js';
import { Worker } from './testing/processes.js';
import { FileTopic } from './testing/topics.js';
import { verify } from './verify.js';

const LANES = 4;
const WRITERS = 8;
const EACH = 2_600;

let database: TestLogDatabase;
let directory: string;
let topic: FileTopic;
let log: EventLog;
let copy: EventLog;
let workers: Worker[] = [];

beforeEach(async () => {
  database = await createLogDatabase({
    lanes: LANES,
    opened: false,
    extraSql: createLogSql({ schema: 'copy', lanes: LANES, opened: true }),
  });
  log = await postgresLog(database.pool, 'payments');
  copy = await postgresLog(database.pool, 'copy');
  directory = mkdtempSync(join(tmpdir(), 'paylog-topic-'));
  topic = new FileTopic(directory);
});

afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.end()));
  workers = [];
  await database.drop();
  rmSync(directory, { recursive: true });
});

function start(role: 'append' | 'relay' | 'follow', job: object = {}, failpoint?: string): Worker {
  const worker = new Worker(role, { url: database.url, directory, ...job }, failpoint);
  workers.push(worker);
  return worker;
}

async function opened(): Promise<void> {
  await eventually('all lanes open', async () => {
    const { rows } = await database.pool.query<{ open: boolean }>(
      'select bool_and(coalesce(opened_for = payments.incarnation(), false)) as open from payments.lanes',
    );
    return rows[0]?.open;
  });
}

const total = async (of: EventLog): Promise<number> =>
  (await of.heads()).reduce((sum, { next }) => sum + Number(next), 0);

const fetchAll = async (from: FileTopic, lane: number): Promise<bigint[]> => {
  const positions = [];
  for await (const { position } of from.read(lane, 0n)) positions.push(position);
  return positions;
};

/** Follows a lane as a consumer would: one cursor, no looking back. */
async function tail(lane: number, isOver: () => boolean): Promise<string[]> {
  const keys: string[] = [];
  for (let next = 0n; ;) {
    const over = isOver();
    const rows = await log.readLane(lane, next, 500);
    for (const { position, key } of rows) {
      expect(position).toBe(next);
      next += 1n;
      keys.push(key);
    }
    if (over && rows.length === 0) return keys;
    if (rows.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Every row in the topic, in order; a row may come again, but none is left out or too early. */
async function expectTopicHoldsAll(): Promise<void> {
  await eventually(
    'topic complete',
    async () => {
      const { rows } = await database.pool.query<{ done: boolean }>(
        `select bool_and(r.position = l.next_position) as done
         from payments.relay r join payments.lanes l using (lane)`,
      );
      return rows[0]?.done;
    },
    40_000,
  );
  for (let lane = 0; lane < LANES; lane++) {
    let next = 0n;
    for (const position of await fetchAll(topic, lane)) {
      expect(position).toBeLessThanOrEqual(next);
      if (position === next) next += 1n;
    }
  }
  expect(await verify(database.pool, 'payments', { topic })).toMatchObject({ ok: true });
}

async function expectAckedStored(): Promise<void> {
  const acked = workers.flatMap((worker) => worker.acked);
  const { rows } = await database.pool.query<{ lost: string }>(
    `select count(*) as lost from unnest($1::text[]) a(key)
     where not exists (select from payments.rows r where r.key = a.key)`,
    [acked],
  );
  expect(rows).toEqual([{ lost: '0' }]);
}

test(`${WRITERS} processes append, relays are killed and replaced, readers miss nothing`, async () => {
  let relays = [start('relay'), start('relay')];
  start('follow');
  const dying = start('follow');
  await opened();
  const writers = Array.from({ length: WRITERS }, (_, n) =>
    start('append', { writer: `w${n}`, count: EACH }),
  );
  let over = false;
  const tails = [0, 1, 2, 3].map((lane) => tail(lane, () => over));
  const changeHands = (async () => {
    for (let round = 0; !over; round++) {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      relays[round % 2]?.signal('SIGKILL');
      relays = relays.with(round % 2, start('relay'));
      if (round === 1) dying.signal('SIGKILL');
    }
  })();
  const codes = await Promise.all(writers.map(({ exited }) => exited));
  over = true;
  await changeHands;
  expect(writers.flatMap(({ errors }) => errors)).toEqual([]);
  expect(codes).toEqual(writers.map(() => 0));
  expect(await total(log)).toBe(WRITERS * EACH);

  const keys = await Promise.all(tails);
  expect(keys.flat()).toHaveLength(WRITERS * EACH);
  expect(new Set(keys.flat()).size).toBe(WRITERS * EACH);
  await expectAckedStored();
  await expectTopicHoldsAll();
  await eventually('copy complete', async () => (await total(copy)) === WRITERS * EACH, 40_000);
  for (let lane = 0; lane < LANES; lane++) {
    expect((await copy.readLane(lane, 0n, 100_000)).map(({ key }) => key)).toEqual(keys[lane]);
  }
}, 120_000);

test('a frozen writer keeps nobody waiting, and wakes up to the right answers', async () => {
  start('relay');
  await opened();
  for (let round = 0; round < 5; round++) {
    const frozen = start('append', { writer: `frozen${round}`, count: 3_000 });
    await eventually('it writes', async () => frozen.acked.length > 200);
    frozen.signal('SIGSTOP');
    const free = start('append', { writer: `free${round}`, count: 500 });
    expect([await free.exited, free.errors]).toEqual([0, []]);
    frozen.signal('SIGCONT');
    expect([await frozen.exited, frozen.errors]).toEqual([0, []]);
  }
  expect(await total(log)).toBe(5 * 3_500);
  await expectAckedStored();
  await expectTopicHoldsAll();
}, 90_000);

test('a frozen relay loses its lanes; when it wakes the topic is still a prefix', async () => {
  const frozen = start('relay');
  await opened();
  const writer = start('append', { writer: 'a', count: 4_000 });
  await eventually('it relays', async () => (await fetchAll(topic, 0)).length > 100);
  frozen.signal('SIGSTOP');
  start('relay');
  await writer.exited;
  await expectTopicHoldsAll();
  frozen.signal('SIGCONT');
  await start('append', { writer: 'b', count: 2_000 }).exited;
  await expectTopicHoldsAll();
  expect(await total(log)).toBe(6_000);
}, 90_000);

test.each([
  ['append', 'event-sourcing.append.before'],
  ['append', 'event-sourcing.append.after'],
  ['relay', 'event-sourcing.publish.before'],
  ['relay', 'event-sourcing.publish.after'],
  ['relay', 'event-sourcing.cursor.after'],
] as const)(
  'a %s that dies at %s leaves nothing undone that its successor does not do',
  async (role, point) => {
    const survivor = role === 'append' ? start('relay') : undefined;
    const job = { writer: 'a', count: 1_000 };
    if (role === 'append') {
      await opened();
      const dying = start('append', job, `${point}:4`);
      expect(await dying.exited).not.toBe(0);
    } else {
      const dying = start('relay', {}, `${point}:4`);
      await opened();
      start('append', { writer: 'x', count: 2_000 });
      expect(await dying.exited).not.toBe(0);
      start('relay');
    }
    const again = start('append', job);
    expect(await again.exited).toBe(0);
    await Promise.all(
      workers.filter(({ lines }) => lines.at(-1)?.startsWith('acked')).map((w) => w.exited),
    );
    await expectAckedStored();
    await expectTopicHoldsAll();
    expect(survivor?.errors ?? []).toEqual([]);
    const { rows } = await database.pool.query<{ twice: string }>(
      'select count(*) - count(distinct key) as twice from payments.rows',
    );
    expect(rows).toEqual([{ twice: '0' }]);
  },
  60_000,
);
