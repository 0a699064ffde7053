import type { Pool } from 'pg';
import type { Append, AppendAnswer, EventLog, ParkedListFilter } from './log.js';
import { postgresLog } from './postgres-log.js';
import { createLogDatabase, type TestLogDatabase } from './testing/database.js';
import { newAppend, newRow } from './testing/rows.js';
import { verify } from './verify.js';

let database: TestLogDatabase;
let pool: Pool;
let log: EventLog;

beforeAll(async () => {
  database = await createLogDatabase({
    // A projection that can't bear some appends, as a service's might.
    extraSql: `
      create table payments.amounts (key text primary key, minor int not null check (minor < 1000));
      create sequence payments.calls; -- Counts what is rolled back, too.
      create function payments.refuse_stale() returns void language plpgsql as $$
      begin
        perform nextval('payments.calls');
        raise exception 'the hold was lifted meanwhile' using errcode = 'PL002';
      end $$;
      create or replace function payments.project(accepted jsonb, effects jsonb) returns void
      language sql as $$
        insert into payments.amounts
        select a ->> 'key', (a #>> '{effects,minor}')::int from jsonb_array_elements(accepted) a;
        select 1 / (effects ->> 'divisor')::int;
        select payments.refuse_stale() where effects ? 'stale';
      $$;`,
  });
  pool = database.pool;
  log = await postgresLog(pool, 'payments');
});

afterAll(() => database.drop());

const statuses = (answers: AppendAnswer[]): string[] => answers.map(({ status }) => status);

test('the second append to a stream in one flush expects the version after the first', async () => {
  const answers = await log.append([
    newAppend('chain-1', 'chain', 0, { rows: [newRow('a'), newRow('b')] }),
    newAppend('chain-2', 'chain', 2),
    newAppend('chain-3', 'chain', 2),
    newAppend('chain-4', 'chain', 3), // Fits, but was decided on top of chain-3.
  ]);
  expect(answers).toMatchObject([
    { status: 'appended', version: 2 },
    { status: 'appended', version: 3 },
    { status: 'version_conflict', version: 3 },
    { status: 'version_conflict', version: 3 },
  ]);
});

describe('what was decided on top of an append that fails', () => {
  const others = (stream: string, rows: number) =>
    log.append(
      Array.from({ length: rows }, (_, i) => newAppend(`${stream}-other-${i}`, stream, i)),
    );

  it('fails too, at whatever version another writer has brought the stream to', async () => {
    await others('raced', 3);
    const decided = Array.from({ length: 6 }, (_, i) => newAppend(`raced-${i}`, 'raced', i));
    expect(statuses(await log.append(decided))).toEqual(Array(6).fill('version_conflict'));
    expect(await log.readStream('raced')).toHaveLength(3);
  });

  it('fails when the first is refused before it is sent', async () => {
    await others('unsound', 1);
    const answers = await log.append([
      newAppend('unsound-0', 'unsound', 0, { rows: [newRow('\ud800')] }),
      newAppend('unsound-1', 'unsound', 1),
      newAppend('sound-0', 'sound', 0),
    ]);
    expect(statuses(answers)).toEqual(['refused', 'version_conflict', 'appended']);
  });

  it('fails when the database refuses the first', async () => {
    await others('unbearable', 1);
    const answers = await log.append([
      newAppend('unbearable-0', 'unbearable', 1, { effects: { minor: 5000 } }),
      newAppend('unbearable-1', 'unbearable', 2),
      newAppend('bearable-0', 'bearable', 0),
    ]);
    expect(statuses(answers)).toEqual(['refused', 'version_conflict', 'appended']);
  });

  it('fails when the key of the first stands for other content', async () => {
    await others('taken', 1);
    const answers = await log.append([
      newAppend('taken-other-0', 'taken', 0, { rows: [newRow('something else')] }),
      newAppend('taken-1', 'taken', 1),
    ]);
    expect(statuses(answers)).toEqual(['same_key_other_content', 'version_conflict']);
  });
});

test('poison that only the database sees is found by halves; all its neighbours are stored', async () => {
  const appends = Array.from({ length: 200 }, (_, i) =>
    newAppend(`poison-${i}`, `poison-${i}`, 0, {
      lane: i % 4,
      effects: { minor: [17, 120].includes(i) ? 5000 : i, text: i === 60 ? 'x' : 'y' },
      ...(i === 99 && { effects: { minor: 'no number' } }),
    }),
  );
  const input = { source: 'poison', partition: 0, from: 0n, to: 200n };
  const answers = await log.append(appends, { input });
  answers.forEach((answer, i) => {
    expect([i, answer.status]).toEqual([i, [17, 99, 120].includes(i) ? 'refused' : 'appended']);
  });
  expect(answers[99]).toMatchObject({ reason: expect.stringContaining('no number') as string });
  expect(await log.offset('poison', 0)).toBeUndefined();

  const rest = appends.filter((_, i) => ![17, 99, 120].includes(i));
  const again = await log.append(rest, { input });
  expect(new Set(statuses(again))).toEqual(new Set(['duplicate']));
  expect(await log.offset('poison', 0)).toBe(200n);
});

test("effects of the flush that can't be applied are nobody's poison: the flush fails", async () => {
  const failing = log.append([newAppend('divide', 'divide', 0)], { effects: { divisor: 0 } });
  await expect(failing).rejects.toMatchObject({ code: 'flush_failed', transient: false });
});

test('a conflict leaves the offset where it is; its neighbours are stored', async () => {
  const input = { source: 'conflict', partition: 0, from: 0n, to: 9n };
  const answers = await log.append(
    [newAppend('c-1', 'c-1', 0), newAppend('c-2', 'c-2', 5), newAppend('c-3', 'c-3', 0)],
    { input, settle: [{ id: 'nothing', status: 'applied' }] },
  );
  expect(statuses(answers)).toEqual(['appended', 'version_conflict', 'appended']);
  expect(await log.offset('conflict', 0)).toBeUndefined();
});

test('a zombie that has lost its partition writes nothing, with or without poison', async () => {
  const from = { source: 'zombie', partition: 3, from: 0n };
  await log.append([], { input: { ...from, to: 10n } });
  const stale = { input: { ...from, to: 5n } };
  expect(await log.append([newAppend('z-1', 'z-1', 0)], stale)).toEqual([
    { status: 'offset_moved', next: 10n },
  ]);
  const poison = newAppend('z-2', 'z-2', 0, { rows: [newRow('\u0000')] });
  const answers = await log.append([newAppend('z-3', 'z-3', 0), poison], stale);
  expect(statuses(answers)).toEqual(['offset_moved', 'refused']);
  expect(await log.readStreams(['z-1', 'z-2', 'z-3'])).toEqual(new Map());
});

test('one key in many lanes at once is appended once', async () => {
  for (let round = 0; round < 30; round++) {
    const key = `twin-${round}`;
    const flushes = [0, 1, 2, 3].map((lane) => {
      const neighbours = [newAppend(`${key}-before-${lane}`, `${key}-b-${lane}`, 0, { lane })];
      const contentDigest = Buffer.from('same request');
      const twin = newAppend(key, `${key}-${lane}`, 0, { lane, contentDigest });
      const follower = newAppend(`${key}-after-${lane}`, `${key}-${lane}`, 1, { lane });
      return log.append([...neighbours, twin, follower]);
    });
    const answers = await Promise.all(flushes);
    const twins = answers.map((flush) => flush[1]?.status).sort();
    expect(twins).toEqual(['appended', 'duplicate', 'duplicate', 'duplicate']);
    for (const flush of answers) {
      expect(flush[0]?.status).toBe('appended');
      // What was to follow the twin follows it only where it is.
      expect(flush[2]?.status).toBe(
        flush[1]?.status === 'appended' ? 'appended' : 'version_conflict',
      );
    }
  }
});

test('one stream written from two lanes at once never has a version twice', async () => {
  for (let round = 0; round < 20; round++) {
    const stream = `torn-${round}`;
    const both = await Promise.all(
      [0, 1].map((lane) => log.append([newAppend(`${stream}-${lane}`, stream, 0, { lane })])),
    );
    expect(statuses(both.flat()).sort()).toEqual(['appended', 'version_conflict']);
  }
});

test('writers that lock many lanes in any order neither deadlock nor leave a gap', async () => {
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let i = 0; i < 20; i++) {
      const appends = Array.from({ length: 12 }, (_each, n) => {
        const stream = `many-${writer}-${i}-${n}`;
        return newAppend(stream, stream, 0, { lane: (n * 7 + writer) % 4 });
      });
      const input = { source: `many ${writer}`, partition: 0, from: BigInt(i), to: BigInt(i + 1) };
      expect(new Set(statuses(await log.append(appends, { input })))).toEqual(
        new Set(['appended']),
      );
    }
  });
  await Promise.all(writers);
  expect(await verify(pool, 'payments')).toMatchObject({ ok: true });
});

test('a lane that was opened before the server went back in time is closed', async () => {
  await pool.query(`update payments.lanes set opened = false, opened_for = payments.incarnation()`);
  expect(statuses(await log.append([newAppend('open', 'open', 0)]))).toEqual(['appended']);
  await pool.query(`update payments.lanes set opened_for = '1 2' where lane = 2`);
  const closed = log.append([newAppend('closed', 'closed', 0, { lane: 2 })]);
  await expect(closed).rejects.toMatchObject({ code: 'lane_closed', transient: true });
  await pool.query('update payments.lanes set opened = true');
});

test('parked rows are listed page by page, the oldest first, by whose they are', async () => {
  const rows = Array.from({ length: 5 }, (_, n) => ({
    id: `prk-list-${4 - n}`,
    kind: 'poison' as const,
    source: n === 3 ? 'others/topic' : 'group/topic',
    partition: 0,
    offset: BigInt(n),
    key: n === 1 ? 'another' : 'one',
    value: Buffer.alloc(10),
    headers: {},
    stage: 'decode',
    error: 'no',
  }));
  for (const row of rows) await log.append([], { parked: [row] });
  await log.markReady('prk-list-0');
  const numbers = async (more: Partial<ParkedListFilter>) =>
    (await log.listParked({ limit: 10, ...more })).map(({ offset }) => Number(offset));
  expect(await numbers({})).toEqual([0, 1, 2, 3, 4]);
  expect(await numbers({ limit: 2, after: 'prk-list-3' })).toEqual([2, 3]);
  expect(await numbers({ status: 'ready' })).toEqual([4]);
  expect(await numbers({ key: 'one', group: 'group' })).toEqual([0, 2, 4]);
  expect(await numbers({ kind: 'unresolved' })).toEqual([]);
  expect(await numbers({ before: new Date(0) })).toEqual([]);
  const oldest = expect.any(Date) as Date;
  expect(await log.parkedAges()).toEqual([
    { group: 'group', kind: 'poison', count: 4, oldest },
    { group: 'others', kind: 'poison', count: 1, oldest },
  ]);
  const [first] = await log.listParked({ limit: 1 });
  expect(first).not.toHaveProperty('value');
  await log.append([], {
    settle: rows.map(({ id }) => ({ id, status: 'discarded' as const })),
  });
  expect(await numbers({ after: 'prk-list-3' })).toEqual([]);
  await log.markPublished(rows.map(({ id }) => id));
});

test('parked rows go from parked to ready to applied, and stay', async () => {
  const parked = {
    id: 'group/topic/0/7',
    kind: 'poison',
    source: 'topic',
    partition: 0,
    offset: 7n,
    key: 'pay1',
    value: Buffer.from([0, 255]),
    headers: { ce_id: 'x' },
    stage: 'decode',
    error: 'no JSON',
  } as const;
  await log.append([], { parked: [parked] });
  await log.append([], { parked: [{ ...parked, error: 'again' }] });
  const [found] = await log.parked({ status: 'parked', kind: 'poison' });
  expect(found).toMatchObject({ ...parked, status: 'parked', mended: null });
  expect(await log.unpublishedParked(10)).toHaveLength(1);
  await log.markPublished([parked.id]);
  expect(await log.unpublishedParked(10)).toEqual([]);

  expect(await log.markReady(parked.id, Buffer.from('{}'))).toBe(true);
  expect(await log.parked({ status: 'ready' })).toMatchObject([{ mended: Buffer.from('{}') }]);
  await log.append([], { settle: [{ id: parked.id, status: 'applied' }] });
  expect(await log.parked()).toEqual([]);
  expect(await log.markReady(parked.id)).toBe(false);
  expect(await log.discard(parked.id)).toBe(false);
});

test('a flush beyond its limits is the mistake of its caller', async () => {
  const many = Array.from({ length: 513 }, (_, i) => newAppend(`m${i}`, `m${i}`, 0));
  await expect(log.append(many)).rejects.toMatchObject({ code: 'flush_too_large' });
});

test('a flush whose ground has changed is not tried again: its caller decides anew', async () => {
  await expect(
    log.append([newAppend('stale', 'stale', 0)], { effects: { stale: true } }),
  ).rejects.toMatchObject({
    code: 'contention',
    transient: true,
    message: 'the hold was lifted meanwhile; decide again on what is stored now',
  });
  const { rows } = await pool.query('select last_value::int as calls from payments.calls');
  expect(rows).toEqual([{ calls: 1 }]);
  expect(await log.readStream('stale')).toEqual([]);
});

describe('an attachment', () => {
  const attached = (key: string, bytes: string, more: Partial<Append> = {}) =>
    newAppend(key, key, 0, { attachment: Buffer.from(bytes), ...more });

  it('is kept in the commit of its row, with the id and time of that row', async () => {
    await pool.query(`
      create table payments.attachments (id text primary key, time text, bytes bytea);
      create or replace function payments.attach(ids text[], times text[], attachments bytea[])
      returns void language plpgsql as $$ begin
        insert into payments.attachments select * from unnest(ids, times, attachments);
      end $$;`);
    await log.append([attached('kept-0', 'zero')]);
    const answers = await log.append([
      attached('kept-0', 'again'),
      newAppend('bare', 'bare', 0),
      attached('kept-1', 'one', { rows: [newRow('kept-1'), newRow('its second row')] }),
      attached('late', 'never', { expectedVersion: 7 }),
    ]);
    expect(statuses(answers)).toEqual(['duplicate', 'appended', 'appended', 'version_conflict']);
    const { rows } = await pool.query('select * from payments.attachments order by id');
    const { time } = newRow('any');
    expect(rows).toEqual([
      { id: 'kept-0', time, bytes: Buffer.from('zero') },
      { id: 'kept-1', time, bytes: Buffer.from('one') },
    ]);
  });

  it('that can’t be kept refuses its append, and no other', async () => {
    await pool.query(`alter table payments.attachments add check (bytes <> 'unbearable')`);
    const answers = await log.append([attached('bad', 'unbearable'), attached('good', 'fine')]);
    expect(statuses(answers)).toEqual(['refused', 'appended']);
    expect(await log.readStream('bad')).toEqual([]);
  });

  it('counts among the bytes of a flush', async () => {
    const mebibyte = (key: string) => attached(key, 'x'.repeat(1024 * 1024));
    const five = ['a', 'b', 'c', 'd', 'e'].map((name) => mebibyte(`large-${name}`));
    await expect(log.append(five)).rejects.toMatchObject({ code: 'flush_too_large' });
  });
});
