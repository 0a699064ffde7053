import type { PoolClient } from 'pg';
import { readAllAtCut } from './cut.js';
import type { EventLog, LaneHead, LogRow } from './log.js';
import { postgresLog } from './postgres-log.js';
import { rebuildProjection, type Rebuild, type RebuildOptions } from './rebuild.js';
import { createLogDatabase, type TestLogDatabase } from './testing/database.js';
import { newAppend, newRow } from './testing/rows.js';

const ROLE = 'paylog_guard_spec';
let database: TestLogDatabase;
let log: EventLog;

beforeEach(async () => {
  database = await createLogDatabase({
    extraSql: `
      do $$ begin create role ${ROLE} login password 'x';
        exception when duplicate_object or unique_violation then null; end $$;
      create table public.totals (stream text primary key, rows int not null, seen timestamptz not null);
      grant select on public.totals to ${ROLE};
      create or replace function payments.project(accepted jsonb, effects jsonb) returns void
      language sql as $$
        insert into public.totals
        select a ->> 'stream', (a ->> 'version')::int, clock_timestamp()
        from jsonb_array_elements(accepted) a order by 1
        on conflict (stream) do update set rows = excluded.rows, seen = excluded.seen
        where totals.rows < excluded.rows
      $$;`,
  });
  log = await postgresLog(database.pool, 'payments');
  for (let i = 0; i < 50; i++) await write(i);
});

afterEach(() => database.drop());

async function write(i: number): Promise<void> {
  const appends = [0, 1, 2, 3].map((lane) =>
    newAppend(`${i}-${lane}`, `s-${i % 10}-${lane}`, Math.floor(i / 10), { lane, effects: {} }),
  );
  const answers = await log.append(appends);
  expect(answers.every(({ status }) => status === 'appended')).toBe(true);
}

function rebuild(more: Partial<RebuildOptions> = {}): Promise<Rebuild> {
  return rebuildProjection({
    pool: database.pool,
    schema: 'payments',
    tables: [{ name: 'public.totals', compare: ['stream', 'rows'] }],
    apply: fold,
    ...more,
  });
}

async function fold(
  client: PoolClient,
  rows: readonly LogRow[],
  shadowOf: (table: string) => string,
): Promise<void> {
  await client.query(
    `insert into ${shadowOf('public.totals')} as t
     select stream, max(version), clock_timestamp() from unnest($1::text[], $2::int[]) r(stream, version)
     group by stream
     on conflict (stream) do update set rows = greatest(t.rows, excluded.rows)`,
    [rows.map(({ stream }) => stream), rows.map(({ version }) => version)],
  );
}

const totals = async (): Promise<unknown[]> =>
  (await database.pool.query('select stream, rows from public.totals order by stream')).rows;

test('a projection that is right is found equal, and replaced with its grants', async () => {
  const before = await totals();
  expect(await rebuild()).toMatchObject({ equal: true, swapped: true });
  expect(await totals()).toEqual(before);
  const { rows } = await database.pool.query(
    `select has_table_privilege('${ROLE}', 'public.totals', 'select') as may`,
  );
  expect(rows).toEqual([{ may: true }]);
  await write(50); // The projection goes on in the new table.
  expect(await rebuild()).toMatchObject({ equal: true, swapped: true });
});

test('one that is wrong is found different, and replaced on request only', async () => {
  const right = await totals();
  await database.pool.query(`update public.totals set rows = 99 where stream = 's-1-1'`);
  expect(await rebuild()).toMatchObject({ equal: false, swapped: false });
  expect(await totals()).not.toEqual(right);
  expect(await rebuild({ swap: 'always' })).toMatchObject({ equal: false, swapped: true });
  expect(await totals()).toEqual(right);
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

test('readAllAtCut gives each row up to the cut once, while more are appended', async () => {
  await log.append([
    newAppend('rich', 'rich', 0, {
      rows: [
        {
          ...newRow('rich', '"\u20ac"'),
          correlationId: '',
          causationId: 'c',
          traceparent: '00-ü',
          data: Buffer.alloc(900_000, 7),
        },
      ],
    }),
  ]);
  let cut: LaneHead[] = [];
  const rows: LogRow[] = [];
  const reading = readAllAtCut(database.pool, 'payments', (heads) => {
    cut = heads;
  });
  for await (const batch of reading) {
    if (rows.length === 0) await write(50);
    rows.push(...batch);
  }
  for (const { lane, next } of cut) {
    const stored = await log.readLane(lane, 0n, Number(next));
    expect(rows.filter((row) => row.lane === lane)).toEqual(stored);
  }
  expect(BigInt(rows.length)).toBe(cut.reduce((sum, { next }) => sum + next, 0n));
  expect(rows.some(({ id }) => id === '50-0')).toBe(false);
});
