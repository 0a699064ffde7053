import { createPool } from '@paylog/postgres';
import type { EventLog, LogRow } from './log.js';
import { postgresLog } from './postgres-log.js';
import { startRelay, type Relay, type RelayOptions } from './relay.js';
import { createLogDatabase, type TestLogDatabase } from './testing/database.js';
import { eventually } from './testing/eventually.js';
import { newAppend, newRow, silent } from './testing/rows.js';
import { MemoryTopic } from './testing/topics.js';
import { verify } from './verify.js';

let database: TestLogDatabase;
let log: EventLog;
let topic: MemoryTopic;
let relays: Relay[] = [];

beforeEach(async () => {
  database = await createLogDatabase({ opened: false });
  log = await postgresLog(database.pool, 'payments');
  topic = new MemoryTopic();
});

afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  relays = [];
  await database.drop();
});

async function relay(options: Partial<RelayOptions> = {}): Promise<Relay> {
  const base = { pool: database.pool, schema: 'payments', target: topic, logger: silent };
  const started = await startRelay({ ...base, ...options });
  relays.push(started);
  return started;
}

const states = (r: Relay): string[] => r.status().lanes.map(({ state }) => state);
const allRelaying = (r: Relay): Promise<true> =>
  eventually('all lanes relaying', async () => states(r).every((state) => state === 'relaying'));

async function stopAll(): Promise<void> {
  await Promise.all(relays.splice(0).map((each) => each.stop()));
}

async function append(from: number, to: number, lane = 0): Promise<void> {
  const appends = [];
  for (let i = from; i < to; i++)
    appends.push(newAppend(`k${lane}-${i}`, `s${lane}-${i}`, 0, { lane }));
  for (let at = 0; at < appends.length; at += 256) await log.append(appends.slice(at, at + 256));
}

const published = (count: number, lane = 0): Promise<true> =>
  eventually(`${count} rows of lane ${lane}`, async () => topic.partition(lane).length >= count);

const positions = (lane = 0): bigint[] => topic.partition(lane).map(({ position }) => position);
const upTo = (n: number): bigint[] => Array.from({ length: n }, (_, i) => BigInt(i));

test('a relayed log takes no appends until its lanes are open, then publishes each row once', async () => {
  await expect(append(0, 1)).rejects.toMatchObject({ code: 'lane_closed' });
  await allRelaying(await relay());
  await append(0, 1200);
  await published(1200);
  expect(positions()).toEqual(upTo(1200));
  expect(topic.partition(0)).toEqual(await log.readLane(0, 0n, 2000));
});

test('a batch holds at most 500 rows and 512 KiB, one row always fits, and one is in flight', async () => {
  let inFlight = 0;
  topic.beforePublish = async () => {
    expect(++inFlight).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 2));
    inFlight -= 1;
  };
  await allRelaying(await relay({ lanes: [0] }));
  await append(0, 1100);
  const data = Buffer.alloc(200 * 1024, 'x');
  const large = Array.from({ length: 6 }, (_, i) =>
    newAppend(`large-${i}`, `large-${i}`, 0, { rows: [{ ...newRow('x'), data }] }),
  );
  await log.append(large);
  const huge = { ...newRow('x'), data: Buffer.alloc(1024 * 1024) };
  await log.append([newAppend('huge', 'huge', 0, { rows: [huge] })]);
  await published(1107);
  expect(positions()).toEqual(upTo(1107));
  for (const batch of topic.batches) {
    expect(batch.rows).toBeLessThanOrEqual(500);
    if (batch.rows > 1) expect(batch.bytes).toBeLessThanOrEqual(512 * 1024);
  }
});

test('rows of this process are on their way within moments, not at the next poll', async () => {
  await allRelaying(await relay());
  const waits: number[] = [];
  for (let i = 0; i < 20; i++) {
    const start = performance.now();
    await append(i, i + 1);
    await published(i + 1);
    waits.push(performance.now() - start);
  }
  expect(waits.sort((a, b) => a - b)[10]).toBeLessThan(200);
});

test('so are rows of another process, which is listened to from when it relays beside us', async () => {
  const first = await relay();
  await allRelaying(first);
  const other = createPool(database.url, { name: 'another process' });
  const second = await relay({ pool: other });
  await eventually('two each', async () =>
    [first, second].every((r) => states(r).filter((state) => state === 'relaying').length === 2),
  );
  const lane = first.status().lanes.find(({ state }) => state === 'relaying')?.lane ?? -1;
  const theirs = await postgresLog(other, 'payments');
  const waits: number[] = [];
  for (let i = 0; i < 20; i++) {
    const start = performance.now();
    await theirs.append([newAppend(`theirs-${i}`, `theirs-${i}`, 0, { lane })]);
    await published(i + 1, lane);
    waits.push(performance.now() - start);
  }
  await stopAll();
  await other.end();
  expect(waits.sort((a, b) => a - b)[10]).toBeLessThan(200);
});

test('a target that fails is tried again from the cursor, and nothing is left out', async () => {
  let failures = 3;
  topic.beforePublish = async () => {
    if (failures-- > 0) throw new Error('no broker');
  };
  const r = await relay({ lanes: [0] });
  await allRelaying(r);
  await append(0, 10);
  await eventually('failing', async () => states(r)[0] === 'failing');
  await published(10);
  expect(positions()).toEqual(upTo(10));
  await allRelaying(r);
});

test('what was published before a crash, and not noted, is found and not published again', async () => {
  await allRelaying(await relay());
  await append(0, 40);
  await published(40);
  await stopAll();
  await database.pool.query(
    'update payments.relay set position = 25, next_offset = 20 where lane = 0',
  );
  await allRelaying(await relay());
  await append(40, 50);
  await published(50);
  expect(positions()).toEqual(upTo(50));
});

test('rows that a restored database lacks come back from the topic, byte for byte', async () => {
  await database.pool.query('create table seen (position bigint)');
  await allRelaying(await relay());
  await append(0, 300);
  const chained = { rows: [newRow('a'), newRow('b', '"\u20ac"'), newRow('c')] };
  await log.append([newAppend('chained', 'chained', 0, chained)]);
  await published(303);
  await stopAll();
  const before = await log.readLane(0, 0n, 1000);
  await goBackTo(100);
  expect(await log.readLane(0, 0n, 1000)).toHaveLength(100);

  const reimported: LogRow[] = [];
  const r = await relay({
    onReimported: async (client, rows) => {
      reimported.push(...rows);
      await client.query('insert into seen values ($1)', [rows.length]);
    },
  });
  await allRelaying(r);
  expect(await log.readLane(0, 0n, 1000)).toEqual(before);
  expect(reimported.map(({ position }) => position)).toEqual(upTo(303).slice(100));
  expect((await database.pool.query('select from seen')).rowCount).toBe(1);
  expect(await verify(database.pool, 'payments', { topic })).toEqual({ ok: true, rows: 303n });

  // The old input comes again: what is in the log already changes nothing.
  const again = await log.append([
    newAppend('k0-200', 's0-200', 0),
    newAppend('chained', 'chained', 0, chained),
    newAppend('new', 'chained', 3),
  ]);
  expect(again.map(({ status }) => status)).toEqual(['duplicate', 'duplicate', 'appended']);
  await published(304);
  expect(positions()).toEqual(upTo(304));
});

test('a lane whose topic tells another history stays closed, and says which row', async () => {
  await allRelaying(await relay());
  await append(0, 50);
  await append(0, 50, 1);
  await published(50);
  await published(50, 1);
  await stopAll();
  await goBackTo(30);
  // Somebody appends before the comparison, as only a superuser can.
  await database.pool.query(`update payments.lanes set opened = true`);
  await log.append([newAppend('other', 'other', 0)]);
  await database.pool.query(`update payments.lanes set opened = false, opened_for = null`);

  const r = await relay();
  await eventually('lane 0 refused', async () => states(r)[0] === 'refused');
  expect(r.status().lanes[0]?.error).toContain('at position 30');
  await expect(append(60, 61)).rejects.toMatchObject({ code: 'lane_closed' });
  await eventually('lane 1 relaying', async () => states(r)[1] === 'relaying');
  await append(60, 61, 1);
});

test('a message that does not fit its own digest is never imported', async () => {
  await allRelaying(await relay());
  await append(0, 5);
  await published(5);
  await stopAll();
  await goBackTo(2);
  topic.partitions.set(
    0,
    topic
      .partition(0)
      .map((row) =>
        row.position === 3n ? { ...row, data: Buffer.from('{"minor":"1000000"}') } : row,
      ),
  );
  const r = await relay();
  await eventually('lane 0 refused', async () => states(r)[0] === 'refused');
  expect(await log.readLane(0, 0n, 10)).toHaveLength(2);
});

test('two replicas share the lanes; what one leaves the other takes', async () => {
  const first = await relay();
  await allRelaying(first);
  const second = await relay();
  const count = (r: Relay): number => states(r).filter((state) => state === 'relaying').length;
  await eventually('two each', async () => count(first) === 2 && count(second) === 2);
  for (let lane = 0; lane < 4; lane++) await append(0, 20, lane);
  for (let lane = 0; lane < 4; lane++) await published(20, lane);
  await first.stop();
  await eventually('the second has all', async () => count(second) === 4);
  for (let lane = 0; lane < 4; lane++) expect(positions(lane)).toEqual(upTo(20));
});

test('a relay that lost its session stops, takes its lanes again and goes on', async () => {
  const r = await relay();
  await allRelaying(r);
  await append(0, 10);
  await published(10);
  await database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'relay %'
     and datname = current_database()`,
  );
  await append(10, 20);
  await published(20);
  await allRelaying(r);
  expect(new Set(positions())).toEqual(new Set(upTo(20)));
});

/** The database as it was when each lane had at most `rows` rows: what a restored backup is. */
async function goBackTo(rows: number): Promise<void> {
  const tables = ['rows', 'blocks', 'keys', 'lanes'];
  const all = (verb: string): string =>
    tables.map((table) => `alter table payments.${table} ${verb} trigger all;`).join(' ');
  await database.pool.query(`${all('disable')}
    update payments.lanes set next_position = 0, hash = decode(repeat('00', 32), 'hex'),
      opened_for = null;
    create temp table kept on commit drop as
      select * from payments.rows where position < ${rows} order by lane, position;
    truncate payments.rows, payments.blocks, payments.keys;
    insert into payments.rows select * from kept;
    insert into payments.keys select key, null, lane, min(position) from kept group by key, lane;
    insert into payments.blocks (lane, first_position, row_count, hash, previous_hash, flush_id)
      select lane, 0, count(*), sha256(decode(repeat('00', 32), 'hex') || int8send(0)
        || string_agg(digest, ''::bytea order by position)), decode(repeat('00', 32), 'hex'),
        gen_random_uuid() from kept group by lane;
    update payments.lanes l set next_position = b.row_count, hash = b.hash
      from payments.blocks b where b.lane = l.lane;
    update payments.relay r set position = least(position, ${rows} / 2),
      next_offset = least(next_offset, ${rows} / 2);
    ${all('enable')}`);
}
