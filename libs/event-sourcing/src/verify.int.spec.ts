import type { EventLog } from './log.js';
import { postgresLog } from './postgres-log.js';
import { startRelay } from './relay.js';
import { createLogDatabase, type TestLogDatabase } from './testing/database.js';
import { eventually } from './testing/eventually.js';
import { newAppend, silent } from './testing/rows.js';
import { MemoryTopic } from './testing/topics.js';
import { verify } from './verify.js';

let database: TestLogDatabase;
let log: EventLog;
let topic: MemoryTopic;

beforeEach(async () => {
  database = await createLogDatabase({ lanes: 2 });
  log = await postgresLog(database.pool, 'payments');
  for (let flush = 0; flush < 5; flush++) {
    const appends = Array.from({ length: 20 }, (_, i) =>
      newAppend(`${flush}-${i}`, `stream-${flush}-${i}`, 0, { lane: i % 2 }),
    );
    await log.append(appends);
  }
  topic = new MemoryTopic();
  const { pool } = database;
  const relay = await startRelay({ pool, schema: 'payments', target: topic, logger: silent });
  await eventually('all rows relayed', async () =>
    relay.status().lanes.every(({ position }) => position === 50n),
  );
  await relay.stop();
});

afterEach(() => database.drop());

/** As somebody who may do anything, with the triggers out of the way. */
async function tamper(sql: string): Promise<void> {
  const tables = ['rows', 'blocks', 'keys', 'lanes'];
  const all = (verb: string): string =>
    tables.map((table) => `alter table payments.${table} ${verb} trigger all;`).join(' ');
  await database.pool.query(`${all('disable')} ${sql}; ${all('enable')}`);
}

/** Also rewrites the digest, as somebody would who knows how it is made. */
async function tamperWithDigest(position: number): Promise<void> {
  const { rowDigest } = await import('./digest.js');
  const [row] = await log.readLane(0, BigInt(position), 1);
  if (!row) throw new Error('no such row');
  const data = Buffer.from('{"minor":"1"}');
  const digest = rowDigest({ ...row, data }).toString('hex');
  await tamper(`update payments.rows set data = '\\x${data.toString('hex')}', digest = '\\x${digest}'
    where lane = 0 and position = ${position}`);
}

test('an untouched log is verified, alone and against its topic', async () => {
  expect(await verify(database.pool, 'payments')).toEqual({ ok: true, rows: 100n });
  expect(await verify(database.pool, 'payments', { topic })).toEqual({ ok: true, rows: 100n });
});

const AT_17 = 'where lane = 1 and position = 17';
const named: [what: string, sql: string, position: bigint, code: string][] = [
  ['payload', `update payments.rows set data = data || '\\x20' ${AT_17}`, 17n, 'row_edited'],
  ['type', `update payments.rows set type = 'CaptureRefused' ${AT_17}`, 17n, 'row_edited'],
  ['time', `update payments.rows set time = 'later' ${AT_17}`, 17n, 'row_edited'],
  ['absent trace', `update payments.rows set traceparent = '' ${AT_17}`, 17n, 'row_edited'],
  ['key', `update payments.rows set key = 'other' ${AT_17}`, 17n, 'row_edited'],
  ['digest', `update payments.rows set digest = sha256(digest) ${AT_17}`, 17n, 'row_edited'],
  ['deleted row', `delete from payments.rows ${AT_17}`, 17n, 'row_missing'],
  [
    'inserted row',
    `insert into payments.rows select lane, 50, stream || 'x', version, id, type, schema_version,
      source, time, correlation_id, causation_id, traceparent, key, data, digest
      from payments.rows ${AT_17}`,
    50n,
    'row_inserted',
  ],
  [
    'swapped rows',
    `update payments.rows set position = -1 ${AT_17};
     update payments.rows set position = 17 where lane = 1 and position = 18;
     update payments.rows set position = 18 where lane = 1 and position = -1`,
    10n, // Each row is sound; the block as a whole is not.
    'block_edited',
  ],
  ['cut tail', 'delete from payments.rows where lane = 1 and position >= 45', 45n, 'row_missing'],
  [
    'cut blocks',
    `delete from payments.rows where lane = 1 and position >= 40;
     delete from payments.blocks where lane = 1 and first_position >= 40`,
    40n,
    'tail_cut',
  ],
  [
    'block in the middle',
    'delete from payments.blocks where lane = 1 and first_position = 20',
    20n,
    'block_missing',
  ],
  [
    'block hash',
    'update payments.blocks set hash = sha256(hash) where lane = 1 and first_position = 20',
    20n,
    'block_edited',
  ],
  ['head', 'update payments.lanes set next_position = 60 where lane = 1', 50n, 'tail_cut'],
  ['head hash', 'update payments.lanes set hash = sha256(hash) where lane = 1', 50n, 'head_edited'],
  ['freed key', `delete from payments.keys ${AT_17}`, 17n, 'key_missing'],
  ['stolen key', `update payments.keys set key = 'x' ${AT_17}`, 17n, 'key_missing'],
  ['blocked key', `insert into payments.keys values ('next', null, 1, 17)`, 17n, 'key_inserted'],
];

test.each(named)('verify names the row of an edited %s', async (_what, sql, position, code) => {
  await tamper(sql);
  expect(await verify(database.pool, 'payments')).toMatchObject({ lane: 1, position, code });
});

test('a rewritten digest is found by its block, and named by the topic', async () => {
  await tamperWithDigest(17);
  expect(await verify(database.pool, 'payments')).toMatchObject({
    lane: 0,
    position: 10n,
    code: 'block_edited',
  });
  const named = await verify(database.pool, 'payments', { topic });
  expect(named).toMatchObject({ lane: 0, position: 17n, code: 'row_edited' });
});

test('a tail cut off with its heads is a sound, shorter log; only the topic shows it', async () => {
  await tamper(`
    delete from payments.rows where position >= 40;
    delete from payments.blocks where first_position >= 40;
    delete from payments.keys where position >= 40;
    update payments.lanes l set next_position = 40, hash =
      (select hash from payments.blocks b where b.lane = l.lane and first_position = 30)`);
  expect(await verify(database.pool, 'payments')).toEqual({ ok: true, rows: 80n });
  expect(await verify(database.pool, 'payments', { topic })).toMatchObject({
    lane: 0,
    position: 40n,
    code: 'tail_cut',
  });
});

test('a topic that lost rows, or has others, is named too', async () => {
  topic.partition(1).splice(20, 1);
  expect(await verify(database.pool, 'payments', { topic })).toMatchObject({
    lane: 1,
    position: 20n,
    code: 'topic_lacks',
  });
  topic.partition(0).splice(45);
  expect(await verify(database.pool, 'payments', { topic })).toMatchObject({
    lane: 0,
    position: 45n,
    code: 'topic_lacks',
  });
});

test('it runs while rows are appended and relayed', async () => {
  const { pool } = database;
  const relay = await startRelay({ pool, schema: 'payments', target: topic, logger: silent });
  let going = true;
  const writing = (async () => {
    for (let i = 0; going; i++) {
      const appends = [0, 1].map((lane) =>
        newAppend(`w-${i}-${lane}`, `w-${i}-${lane}`, 0, { lane }),
      );
      await log.append(appends);
    }
  })();
  for (let i = 0; i < 20; i++) {
    expect(await verify(pool, 'payments', { topic })).toMatchObject({ ok: true });
  }
  going = false;
  await writing;
  await relay.stop();
});
