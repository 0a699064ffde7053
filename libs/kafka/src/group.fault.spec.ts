import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { Pool } from 'pg';
import { createLogSql } from '@paylog/event-sourcing';
import { newFolder, startNativeKafka } from '@paylog/local';
import { createPool } from '@paylog/postgres';
import { createTestDatabase, eventually, testKafkaBrokers, uniqueName } from '@paylog/testing';
import { createKafka } from './client.js';
import { CONSUMER_MEMBERS_SQL } from './members.sql.js';
import { createPublisher } from './publisher.js';
import { provisionTopics } from './topics.js';

/*
 * Goal: whatever dies, nothing acknowledged is lost and no effect happens twice. Members run in their own processes; the
 * table of effects has no unique key, so a doubled one shows.
 */
jest.setTimeout(180_000);

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const MEMBER = new URL('../fixtures/group-member.mjs', import.meta.url).pathname;
const PARTITIONS = 8;

const EFFECTS = `
create table effects (
  id bigserial, topic text, partition int, "offset" bigint, value text, instance text,
  at timestamptz not null default clock_timestamp()
);
create or replace function facts.project(accepted jsonb, effects jsonb) returns void
language sql as $$
  insert into public.effects (topic, partition, "offset", value, instance)
  select topic, partition, "offset", value, instance
  from jsonb_to_recordset(effects)
    as e(topic text, partition int, "offset" bigint, value text, instance text)
  order by "offset"
$$`;

interface World {
  readonly pool: Pool;
  readonly topics: readonly string[];
  start(instance: string): Promise<ChildProcess>;
  feed(): Feed;
  close(): Promise<void>;
}

interface Feed {
  readonly acknowledged: string[];
  stop(): Promise<void>;
}

async function world(brokers: string[]): Promise<World> {
  const database = await createTestDatabase();
  const pool = createPool(database.url, { name: 'group-spec', max: 3 });
  await pool.query(createLogSql({ schema: 'facts', lanes: PARTITIONS, opened: true }));
  await pool.query(CONSUMER_MEMBERS_SQL);
  await pool.query(EFFECTS);
  const kafka = createKafka({ brokers, clientId: 'group-spec', logger });
  const topics = [uniqueName('spec.a'), uniqueName('spec.b')];
  const group = uniqueName('spec');
  await provisionTopics(
    kafka,
    topics.map((name) => ({ name, partitions: PARTITIONS, config: {} })),
  );
  const publisher = createPublisher(kafka, logger);
  const children: ChildProcess[] = [];

  return {
    pool,
    topics,
    async start(instance) {
      const child = spawn(process.execPath, [MEMBER], {
        stdio: ['ignore', 'pipe', process.env['SPEC_TRACE'] ? 'inherit' : 'ignore'],
        env: {
          ...process.env,
          PG_URL: database.url,
          BROKERS: brokers.join(','),
          GROUP: group,
          INSTANCE: instance,
          TOPICS: topics.join(','),
        },
      });
      children.push(child);
      await once(child.stdout as NodeJS.ReadableStream, 'data');
      return child;
    },
    feed: () => feed(publisher, topics),
    async close() {
      for (const child of children) child.kill('SIGKILL');
      await publisher.close();
      await pool.end();
      await database.drop();
    },
  };
}

/** A message to every partition of both topics about thirty times a second, until stopped. */
function feed(publisher: ReturnType<typeof createPublisher>, topics: readonly string[]): Feed {
  const acknowledged: string[] = [];
  let stopped = false;
  let number = 0;
  const run = async () => {
    while (!stopped) {
      const values: string[] = [];
      const sends = topics.map((topic) =>
        publisher.publish(
          topic,
          Array.from({ length: PARTITIONS }, (_, partition) => {
            const value = `${topic}/${partition}/${(number += 1)}`;
            values.push(value);
            return { partition, key: 'k', value: Buffer.from(value), headers: {} };
          }),
        ),
      );
      await Promise.all(sends);
      acknowledged.push(...values);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  };
  const running = run();
  return {
    acknowledged,
    stop() {
      stopped = true;
      return running;
    },
  };
}

async function column<T>(pool: Pool, sql: string, values: unknown[] = []): Promise<T[]> {
  const { rows } = await pool.query<{ x: T }>(sql, values);
  return rows.map(({ x }) => x);
}

const workingSince = (pool: Pool, since: Date) =>
  column<string>(pool, 'select distinct instance as x from effects where at > $1', [since]);

async function databaseTime(pool: Pool): Promise<Date> {
  const { rows } = await pool.query<{ now: Date }>('select clock_timestamp() as now');
  return rows[0]?.now ?? new Date();
}

/** All of them have had an effect from now on. */
async function untilWorking(pool: Pool, ...instances: string[]): Promise<void> {
  const since = await databaseTime(pool);
  await eventually(
    `effects by ${instances.join(', ')}`,
    async () => {
      const working = await workingSince(pool, since);
      return instances.every((instance) => working.includes(instance));
    },
    { deadlineMs: 30_000 },
  );
}

async function expectNothingLostOrDoubled(pool: Pool, acknowledged: string[]): Promise<void> {
  const missing = () =>
    column<string>(
      pool,
      `select value as x from unnest($1::text[]) value
       where not exists (select from effects e where e.value = value.value) limit 5`,
      [acknowledged],
    );
  await eventually('all effects', async () => (await missing()).length === 0, {
    deadlineMs: 30_000,
  }).catch(() => undefined);
  expect(await missing()).toEqual([]);
  const doubled = `select topic || '/' || partition || '@' || "offset" as x from effects
    group by topic, partition, "offset" having count(*) > 1`;
  expect(await column(pool, doubled)).toEqual([]);
  const unordered = `select value as x from (
      select value, "offset", lag("offset") over (partition by topic, partition order by id) before
      from effects) e where before > "offset"`;
  expect(await column(pool, unordered)).toEqual([]);
}

describe('members of a group', () => {
  it('may join, be killed, freeze, leave and return while messages flow', async () => {
    const { pool, start, feed, close } = await world(testKafkaBrokers());
    try {
      const feeding = feed();
      let first = await start('one');
      const second = await start('two');
      await untilWorking(pool, 'one', 'two');

      let third = await start('three'); // A rebalance in the middle.
      await untilWorking(pool, 'one', 'two', 'three');

      first.kill('SIGKILL');
      first = await start('one');
      await untilWorking(pool, 'one', 'two', 'three');

      second.kill('SIGSTOP'); // Longer than its session: its partitions go to the others.
      await new Promise((resolve) => setTimeout(resolve, 9_000));
      second.kill('SIGCONT');
      await untilWorking(pool, 'one', 'two', 'three');

      third.kill('SIGTERM');
      await once(third, 'exit');
      expect(third.exitCode).toBe(0);
      third = await start('three');
      await untilWorking(pool, 'one', 'two', 'three');

      await feeding.stop();
      expect(feeding.acknowledged.length).toBeGreaterThan(1_000);
      await expectNothingLostOrDoubled(pool, feeding.acknowledged);
    } finally {
      await close();
    }
  });

  it('read partition n of both topics in one process', async () => {
    const { pool, start, feed, close } = await world(testKafkaBrokers());
    try {
      for (const instance of ['one', 'two', 'three']) await start(instance);
      const feeding = feed();
      await untilWorking(pool, 'one', 'two', 'three');
      const since = await databaseTime(pool);
      await untilWorking(pool, 'one', 'two', 'three');
      await feeding.stop();
      const split = `select partition as x from effects where at > $1
        group by partition having count(distinct instance) > 1`;
      expect(await column(pool, split, [since])).toEqual([]);
    } finally {
      await close();
    }
  });

  it('don’t wait for the session of a member that was killed and is back', async () => {
    const { pool, start, feed, close } = await world(testKafkaBrokers());
    try {
      const feeding = feed();
      const first = await start('one');
      await start('two');
      await untilWorking(pool, 'one', 'two');
      const since = await databaseTime(pool);
      first.kill('SIGKILL');
      await start('one');
      await untilWorking(pool, 'one', 'two');
      await feeding.stop();
      const longestGap = `select max(extract(epoch from gap))::float8 as x from (
          select at - lag(at) over (partition by topic, partition order by at) gap
          from effects where at > $1) g`;
      // The session is 6 s; what remains is the start of a process.
      const [seconds] = await column<number>(pool, longestGap, [since]);
      expect(seconds).toBeLessThan(4);
      await expectNothingLostOrDoubled(pool, feeding.acknowledged);
    } finally {
      await close();
    }
  });
});

describe('a broker that is killed and comes back', () => {
  it('costs time only: no member exits, nothing acknowledged is lost, no effect is doubled', async () => {
    const folder = newFolder('kafka-fault');
    const broker = await startNativeKafka({ folder });
    const { pool, start, feed, close } = await world(broker.brokers);
    try {
      const members = [await start('one'), await start('two')];
      const feeding = feed();
      await untilWorking(pool, 'one', 'two');
      for (const downMs of [500, 8_000]) {
        await broker.kill();
        await new Promise((resolve) => setTimeout(resolve, downMs));
        await broker.start();
        await untilWorking(pool, 'one', 'two');
      }
      await feeding.stop();
      expect(members.map(({ exitCode, signalCode }) => exitCode ?? signalCode)).toEqual([
        null,
        null,
      ]);
      await expectNothingLostOrDoubled(pool, feeding.acknowledged);
    } finally {
      await close();
      await broker.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
