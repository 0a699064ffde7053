import type { FoldRow } from '../binary-copy.js';
import type { EventLog } from '../log.js';
import { postgresLog } from '../postgres-log.js';
import { startRelay } from '../relay.js';
import { createLogDatabase, type TestLogDatabase } from '../testing/database.js';
import { newAppend, newRow, silent } from '../testing/rows.js';
import { MemoryTopic } from '../testing/topics.js';
import { rebuildProjection, type RebuildOptions, type Rebuilt } from './rebuild.js';
import { fromLog, fromTopic } from './sources.js';
import type { TableRow } from './table.js';

const ROLE = 'paylog_guard_spec';
type Column = 'stream' | 'rows' | 'last' | 'seen';
let database: TestLogDatabase;
let log: EventLog;

beforeEach(async () => {
  database = await createLogDatabase({
    extraSql: `
      do $$ begin create role ${ROLE} login password 'x';
        exception when duplicate_object or unique_violation then null; end $$;
      create table public.totals
        (stream text primary key, rows int not null, last text, seen timestamptz not null);
      grant select on public.totals to ${ROLE};
      create or replace function payments.project(accepted jsonb, effects jsonb) returns void
      language sql as $$
        insert into public.totals
        select a ->> 'stream', (a ->> 'version')::int, a -> 'effects' ->> 'last', clock_timestamp()
        from jsonb_array_elements(accepted) a order by 1
        on conflict (stream) do update
          set rows = excluded.rows, last = excluded.last, seen = excluded.seen
        where totals.rows < excluded.rows
      $$;`,
  });
  log = await postgresLog(database.pool, 'payments');
  for (let i = 0; i < 50; i++) await write(i);
});

afterEach(() => database.drop());

/** What COPY's text format must escape, and null. */
const lastOf = (i: number): string | null => (i % 3 === 0 ? null : `a\tb\nc\\N\r ${i}`);

async function write(i: number): Promise<void> {
  const appends = [0, 1, 2, 3].map((lane) =>
    newAppend(`${i}-${lane}`, `s-${i % 10}-${lane}`, Math.floor(i / 10), {
      lane,
      rows: [newRow(`${i}-${lane}`, JSON.stringify(lastOf(i)))],
      effects: { last: lastOf(i) },
    }),
  );
  const answers = await log.append(appends);
  expect(answers.every(({ status }) => status === 'appended')).toBe(true);
}

async function* refold(
  batches: AsyncIterable<readonly FoldRow[]> | Iterable<readonly FoldRow[]>,
): AsyncGenerator<TableRow<Column>> {
  const last = new Map<string, FoldRow>();
  for await (const rows of batches) for (const row of rows) last.set(row.stream, row);
  for (const [stream, { version, data, time }] of last) {
    yield {
      stream,
      rows: version,
      last: JSON.parse(data.toString()) as string | null,
      seen: time,
    };
  }
}

const rebuild = (more: Partial<RebuildOptions<Column>> = {}): Promise<Rebuilt> =>
  rebuildProjection<Column>({
    pool: database.pool,
    log,
    table: {
      name: 'public.totals',
      key: 'stream',
      compared: ['rows', 'last'],
      columns: ['stream', 'rows', 'last', 'seen'],
    },
    refold,
    ...more,
  });

const totals = async (): Promise<unknown[]> =>
  (await database.pool.query('select stream, rows, last from public.totals order by stream')).rows;

async function tamper(): Promise<void> {
  await database.pool.query(`
    update public.totals set rows = 99 where stream = 's-1-1';
    delete from public.totals where stream = 's-2-2';
    insert into public.totals values ('ghost', 1, null, now())`);
}

const TAMPERED = [
  { key: 'ghost', found: 'only in the projection' },
  { key: 's-1-1', found: 'another state' },
  { key: 's-2-2', found: 'only in the log' },
];

test('a projection that is right is found equal, and replaced with its grants', async () => {
  const before = await totals();
  const rebuilt = await rebuild();
  expect(rebuilt).toMatchObject({ rows: 40, events: 200, equal: true, swapped: true });
  expect(rebuilt.digests.log).toBe(rebuilt.digests.projection);
  expect(await totals()).toEqual(before);
  const { rows } = await database.pool.query(
    `select has_table_privilege('${ROLE}', 'public.totals', 'select') as may`,
  );
  expect(rows).toEqual([{ may: true }]);
  await write(50); // The projection goes on in the new table.
  expect(await rebuild()).toMatchObject({ equal: true, swapped: true });
});

test('what differs is named, and replaced on request only', async () => {
  const right = await totals();
  await tamper();
  const rebuilt = await rebuild();
  expect(rebuilt).toMatchObject({ equal: false, swapped: false, differing: 3 });
  expect(rebuilt.differences).toEqual(TAMPERED);
  expect(await totals()).not.toEqual(right);
  expect(await rebuild({ swap: true })).toMatchObject({ equal: false, swapped: true });
  expect(await totals()).toEqual(right);
  expect(await rebuild()).toMatchObject({ equal: true, differing: 0, differences: [] });
});

test('the topic serves as well as the log, and is waited for', async () => {
  const topic = new MemoryTopic();
  const options = { pool: database.pool, schema: 'payments', target: topic, logger: silent };
  const relay = await startRelay(options);
  try {
    const source = fromTopic(topic);
    expect(await rebuild({ source })).toMatchObject({ rows: 40, events: 200, equal: true });
    await tamper();
    expect((await rebuild({ source })).differences).toEqual(TAMPERED);
  } finally {
    await relay.stop();
  }
});

test('it runs while the service appends, and no append falls between the tables', async () => {
  let going = true;
  const writing = (async () => {
    for (let i = 50; going; i++) await write(i);
  })();
  for (let i = 0; i < 5; i++) expect(await rebuild()).toMatchObject({ equal: true, swapped: true });
  going = false;
  await writing;
  expect(await rebuild()).toMatchObject({ equal: true });
});

test('many rows that came while it folded are caught up with', async () => {
  let written = 50;
  async function* slow(batches: Parameters<typeof refold>[0]): ReturnType<typeof refold> {
    // Once, after the cut: more than may be folded under the lock.
    while (written < 150) await write(written++);
    yield* refold(batches);
  }
  const rebuilt = await rebuild({ refold: slow });
  expect(rebuilt).toMatchObject({ events: 200, equal: true, swapped: true });
  expect(await rebuild()).toMatchObject({ events: 600, equal: true });
});

test('two at once are refused, and one that failed leaves nothing behind', async () => {
  const holder = await database.pool.connect();
  await holder.query(`select pg_advisory_lock(hashtextextended('paylog.rebuild payments', 0))`);
  await expect(rebuild()).rejects.toThrow('another rebuild is running');
  holder.release(true);
  const before = await totals();
  const broken = (): never => {
    throw new Error('no upcaster');
  };
  const failing = async () => {
    for (;;) {
      const error: unknown = await rebuild({ refold: broken }).catch((cause: unknown) => cause);
      // The holder's session ends a moment after its release.
      if (!String(error).includes('another rebuild')) throw error;
    }
  };
  await expect(failing()).rejects.toThrow('no upcaster');
  expect(await totals()).toEqual(before);
  const { rows } = await database.pool.query(`select to_regclass('public.totals_shadow') as left`);
  expect(rows).toEqual([{ left: null }]);
  expect(await rebuild()).toMatchObject({ equal: true });
});

test('a long read makes it give up the swap; appends and the live table go on', async () => {
  const reader = await database.pool.connect();
  await reader.query('begin; select count(*) from public.totals');
  await expect(rebuild()).rejects.toThrow('lock timeout');
  await write(50);
  await reader.query('commit');
  reader.release();
  expect(await rebuild()).toMatchObject({ equal: true, swapped: true });
});

test('fromLog gives each row below the head once, whatever is appended, byte for byte', async () => {
  const rich = {
    ...newRow('rich', '"\u20ac"'),
    correlationId: '',
    causationId: 'c',
    traceparent: '00-ü',
    data: Buffer.alloc(900_000, 7),
  };
  await log.append([newAppend('rich', 'rich', 0, { rows: [rich] })]);
  const heads = await log.heads();
  await write(50);
  for (const head of heads) {
    const rows: FoldRow[] = [];
    for await (const batch of fromLog(database.pool, 'payments')(head)) {
      rows.push(...batch.map(whatAFoldSees));
    }
    const stored = await log.readLane(head.lane, 0n, Number(head.next));
    expect(rows).toEqual(stored.map(whatAFoldSees));
  }
});

const whatAFoldSees = ({
  position,
  stream,
  version,
  id,
  type,
  schemaVersion,
  time,
  data,
}: FoldRow) => ({
  position,
  stream,
  version,
  id,
  type,
  schemaVersion,
  time,
  data,
});

test('fromLog says where a row is missing', async () => {
  const [head] = await log.heads();
  if (!head) throw new Error('no lanes');
  const read = async (next: bigint) => {
    for await (const _ of fromLog(database.pool, 'payments')({ ...head, next }));
  };
  await expect(read(60n)).rejects.toThrow('lane 0 has no row 50, below its head 60');
  await database.pool.query(`alter table payments.rows disable trigger all;
    delete from payments.rows where lane = 0 and position = 17`);
  await expect(read(head.next)).rejects.toThrow('lane 0 has no row 17');
});
