import { startFollower, type Follower, type FollowedBatch } from './follower.js';
import type { EventLog } from './log.js';
import { createLogSql } from './log-sql.js';
import { postgresLog } from './postgres-log.js';
import { createLogDatabase, type TestLogDatabase } from './testing/database.js';
import { eventually } from './testing/eventually.js';
import { newAppend, silent } from './testing/rows.js';

let database: TestLogDatabase;
let evidence: EventLog;
let facts: EventLog;
let followers: Follower[] = [];

beforeEach(async () => {
  database = await createLogDatabase({
    schema: 'evidence',
    extraSql: createLogSql({ schema: 'facts', lanes: 4, opened: true }),
  });
  evidence = await postgresLog(database.pool, 'evidence');
  facts = await postgresLog(database.pool, 'facts');
});

afterEach(async () => {
  await Promise.all(followers.map((follower) => follower.stop()));
  followers = [];
  await database.drop();
});

async function follow(
  into: (batch: FollowedBatch) => Promise<'committed' | 'fenced'> = map,
  gatherMs = 0,
): Promise<void> {
  const { pool } = database;
  const logs = { log: evidence, cursor: facts };
  followers.push(await startFollower({ pool, ...logs, into, gatherMs, logger: silent }));
}

/** One fact for each piece of evidence, committed with the cursor. */
async function map({ rows, input }: FollowedBatch): Promise<'committed' | 'fenced'> {
  const appends = rows.map(({ key, lane }) => newAppend(key, `fact-${key}`, 0, { lane }));
  const answers = await facts.append(appends, { input });
  return answers.some(({ status }) => status === 'offset_moved') ? 'fenced' : 'committed';
}

async function write(from: number, to: number): Promise<void> {
  const appends = [];
  for (let i = from; i < to; i++) appends.push(newAppend(`e${i}`, `e${i}`, 0, { lane: i % 4 }));
  await evidence.append(appends);
}

const mapped = (count: number): Promise<true> =>
  eventually(`${count} facts`, async () => {
    const heads = await facts.heads();
    return heads.reduce((sum, { next }) => sum + next, 0n) === BigInt(count);
  });

test('what is appended to one log follows into the other, in order', async () => {
  await write(0, 200);
  await follow();
  await write(200, 400);
  await mapped(400);
  for (let lane = 0; lane < 4; lane++) {
    const keys = (await evidence.readLane(lane, 0n, 500)).map(({ key }) => key);
    expect((await facts.readLane(lane, 0n, 500)).map(({ key }) => key)).toEqual(keys);
    expect(await facts.offset('log:evidence', lane)).toBe(100n);
  }
});

test('a batch that fails is given again, and is in effect once', async () => {
  let failures = 2;
  await follow(async (batch) => {
    if (failures-- > 0) throw new Error('not yet');
    return map(batch);
  });
  await write(0, 100);
  await mapped(100);
});

test('a cursor that somebody else moved is read again', async () => {
  await write(0, 8);
  let stolen = false;
  await follow(async (batch) => {
    if (!stolen && batch.lane === 0) {
      stolen = true;
      await map(batch); // As another process would, whose answer we never saw.
      return map(batch);
    }
    return map(batch);
  });
  await write(8, 16);
  await mapped(16);
  expect(stolen).toBe(true);
});

test('one who gathers takes in few batches what comes in many appends', async () => {
  let batches = 0;
  const counting = (batch: FollowedBatch): Promise<'committed' | 'fenced'> => {
    batches += 1;
    return map(batch);
  };
  await follow(counting, 1_000);
  for (let i = 0; i < 40; i++) await write(i * 4, i * 4 + 4);
  await mapped(160);
  // A batch a lane and second, where each of 40 appends to all four would have been one.
  expect(batches).toBeLessThanOrEqual(16);
});

test('two followers never have the same lane', async () => {
  const busy = new Set<number>();
  const careful = async (batch: FollowedBatch): Promise<'committed' | 'fenced'> => {
    expect(busy.has(batch.lane)).toBe(false);
    busy.add(batch.lane);
    const outcome = await map(batch);
    busy.delete(batch.lane);
    return outcome;
  };
  await Promise.all([follow(careful), follow(careful)]);
  for (let i = 0; i < 20; i++) await write(i * 10, i * 10 + 10);
  await mapped(200);
});
