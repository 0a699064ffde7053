import { randomUUID } from 'node:crypto';
import { Controller, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Pool } from 'pg';
import { createLogSql, postgresLog, type EventLog } from '@paylog/event-sourcing';
import { createPool } from '@paylog/postgres';
import { createTestDatabase, eventually, testKafkaBrokers } from '@paylog/testing';
import { BatchConsumer, mountConsumers } from './batch-consumer.js';
import { createKafka } from './client.js';
import type { GroupReaderOptions } from './group-reader.js';
import { postgresMembers } from './members.js';
import { CONSUMER_MEMBERS_SQL } from './members.sql.js';
import { sourceOf, type Batch, type Outcome } from './message.js';
import { inputOf, parkedFrom, parkPoison } from './poison.js';
import { createPublisher } from './publisher.js';
import { provisionTopics } from './topics.js';

jest.setTimeout(30_000);

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const kafka = createKafka({ brokers: testKafkaBrokers(), clientId: 'consumer-spec', logger });
const publisher = createPublisher(kafka, logger);
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let pool: Pool;
let log: EventLog;
const exits: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool(database.url, { name: 'consumer-spec', max: 5 });
  await pool.query(createLogSql({ schema: 'facts', lanes: 8, opened: true }));
  await pool.query(CONSUMER_MEMBERS_SQL);
  log = await postgresLog(pool, 'facts');
});
afterAll(async () => {
  await publisher.close();
  await pool.end();
  await database.drop();
});

afterEach(() => expect(exits).toEqual([]));

const newTopic = async () => {
  const topic = `spec.${randomUUID()}`;
  await provisionTopics(kafka, [{ name: topic, partitions: 2, config: {} }]);
  return topic;
};
const send = (topic: string, ...values: string[]) =>
  publisher.publish(
    topic,
    values.map((value) => ({ partition: 1, key: 'k', value: Buffer.from(value), headers: {} })),
  );
const texts = (batch: Batch) => batch.messages.map(({ value }) => String(value));

/** A service with one handler: what it throws for, and what it parks, are the test's. */
async function service(
  topic: string,
  group: string,
  on: (batch: Batch) => Promise<Outcome>,
  over: Partial<GroupReaderOptions> = {},
): Promise<{ app: INestApplication; consumer: BatchConsumer }> {
  @Controller()
  class Facts {
    @EventPattern<string>(topic)
    handle(@Payload() batch: never): Promise<Outcome> {
      return on(batch);
    }
  }
  @Module({ controllers: [Facts] })
  class App {}
  const consumer = new BatchConsumer({
    kafka,
    group,
    instance: 'spec-1',
    topics: [topic],
    offsets: { load: (source, partition) => log.offset(source, partition) },
    onPoison: parkPoison(log, group),
    members: postgresMembers(pool),
    logger,
    exit: (reason) => exits.push(reason),
    ...over,
  });
  const app = await NestFactory.create(App, new FastifyAdapter(), { logger: false });
  mountConsumers(app, [consumer]);
  await app.startAllMicroservices();
  return { app, consumer };
}

const moved = async (
  batch: Batch,
  group: string,
  parked = [] as ReturnType<typeof parkedFrom>[],
) => {
  const answers = await log.append([], { input: inputOf(group, batch), parked });
  return answers.some(({ status }) => status === 'offset_moved') ? 'fenced' : 'committed';
};
const until = (topic: string, group: string, next: bigint) =>
  eventually(
    `offset ${next} of ${group}`,
    async () => (await log.offset(sourceOf(group, topic), 1)) === next,
    { deadlineMs: 15_000 },
  );
const parkedOf = async (topic: string, group: string) =>
  (await log.parked()).filter(({ source }) => source === sourceOf(group, topic));

describe('a consumer', () => {
  it('hands over every message once and parks what can’t be decoded, in the same commit', async () => {
    const [topic, group] = [await newTopic(), `spec.${randomUUID()}`];
    const seen: string[] = [];
    const { app, consumer } = await service(topic, group, async (batch) => {
      const bad = batch.messages.filter(({ value }) => String(value) === 'garbage');
      const outcome = await moved(
        batch,
        group,
        bad.map((message) => parkedFrom(group, message, 'decode', 'is garbage')),
      );
      if (outcome === 'committed') seen.push(...texts(batch));
      return outcome;
    });
    await send(topic, 'a', 'garbage', 'b');
    await until(topic, group, 3n);
    expect(await consumer.probe()).toBe('up');
    await send(topic, 'c');
    await until(topic, group, 4n);
    await app.close();

    expect(seen).toEqual(['a', 'garbage', 'b', 'c']);
    expect(await parkedOf(topic, group)).toMatchObject([
      { kind: 'poison', stage: 'decode', error: 'is garbage', offset: 1n, partition: 1 },
    ]);
  });

  it('goes on after a restart where its stored offset is, whatever Kafka’s hint says', async () => {
    const [topic, group] = [await newTopic(), `spec.${randomUUID()}`];
    const seen: string[] = [];
    const on = async (batch: Batch) => {
      const outcome = await moved(batch, group);
      if (outcome === 'committed') seen.push(...texts(batch));
      return outcome;
    };
    await send(topic, 'a', 'b');
    const first = await service(topic, group, on);
    await until(topic, group, 2n);
    await first.app.close(); // Leaves a hint of 2 in Kafka.
    await pool.query(`update facts.offsets set next = 1 where source = $1`, [
      sourceOf(group, topic),
    ]);
    const second = await service(topic, group, on);
    await until(topic, group, 2n); // Though no message comes that would show where it is.
    await send(topic, 'c');
    await until(topic, group, 3n);
    await pool.query(`update facts.offsets set next = 4 where source = $1`, [
      sourceOf(group, topic),
    ]);
    await send(topic, 'd', 'e');
    await until(topic, group, 5n);
    await second.app.close();
    expect(seen).toEqual(['a', 'b', 'b', 'c', 'e']);
  });

  it('finds the one message that its handler throws for, parks it, and handles its neighbours', async () => {
    const [topic, group] = [await newTopic(), `spec.${randomUUID()}`];
    const seen: string[] = [];
    let lost = 2;
    await send(topic, ...Array.from({ length: 20 }, (_, n) => `${n}`));
    const { app } = await service(
      topic,
      group,
      async (batch) => {
        if (lost-- > 0) throw Object.assign(new Error('database away'), { code: 'ECONNREFUSED' });
        for (const text of texts(batch)) if (text === '13') throw new Error('13 divides by zero');
        const outcome = await moved(batch, group);
        if (outcome === 'committed') seen.push(...texts(batch));
        return outcome;
      },
      { timings: { attemptsMax: 2 } },
    );
    await until(topic, group, 20n);
    await app.close();
    expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`).filter((n) => n !== '13'));
    const [row, ...more] = await parkedOf(topic, group);
    expect(more).toEqual([]);
    expect(row).toMatchObject({ stage: 'handle', error: '13 divides by zero', offset: 13n });
    expect(row?.headers['dead-letter-attempts']).toBe('2');
  });

  it('drops nothing when another process moved the offset under it: it is fenced and goes back', async () => {
    const [topic, group] = [await newTopic(), `spec.${randomUUID()}`];
    const seen: string[] = [];
    let thief = true;
    await send(topic, 'a', 'b', 'c');
    const { app } = await service(topic, group, async (batch) => {
      if (thief) {
        thief = false;
        await moved({ ...batch, to: 1n }, group);
      }
      const outcome = await moved(batch, group);
      if (outcome === 'committed') seen.push(...texts(batch));
      return outcome;
    });
    await until(topic, group, 3n);
    await app.close();
    expect(seen).toEqual(['b', 'c']);
  });

  it('ends the process when its stored offset is outside the log', async () => {
    const [topic, group] = [await newTopic(), `spec.${randomUUID()}`];
    await log.append([], {
      input: { source: sourceOf(group, topic), partition: 1, from: 0n, to: 700n },
    });
    const { app } = await service(topic, group, (batch) => moved(batch, group));
    await eventually('the exit', async () => exits.length > 0, { deadlineMs: 15_000 });
    await app.close();
    expect(exits.splice(0)).toEqual([
      expect.stringMatching(/stored offset 700 .* the log holds 0 to 0/),
    ]);
  });

  it('ends the process when kafkajs crashes for good', async () => {
    const [topic, group] = [await newTopic(), `spec.${randomUUID()}`];
    await send(topic, 'a');
    const load = (): never => {
      throw new TypeError('a programming error'); // The kind that kafkajs never retries.
    };
    const { app } = await service(topic, group, (batch) => moved(batch, group), {
      offsets: { load },
    });
    await eventually('the exit', async () => exits.length > 0);
    await app.close();
    expect(exits.splice(0)).toEqual([
      expect.stringMatching(/crashed for good: .*programming error/),
    ]);
  });

  it('ends the process when a handler outlasts the shutdown deadline', async () => {
    const [topic, group] = [await newTopic(), `spec.${randomUUID()}`];
    let release = (): void => undefined;
    let began = false;
    await send(topic, 'a');
    const { app } = await service(
      topic,
      group,
      async (batch) => {
        began = true;
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return moved(batch, group);
      },
      { timings: { closeMs: 200 } },
    );
    await eventually('the handler at work', async () => began);
    await app.close();
    expect(exits.splice(0)).toEqual([expect.stringMatching(/shutdown deadline/)]);
    release();
    await until(topic, group, 1n);
  });

  it('starts without Kafka and says that it is degraded', async () => {
    const absent = createKafka({ brokers: ['127.0.0.1:1'], clientId: 'absent', logger });
    const connect = jest.fn(() => new Promise<void>(() => undefined));
    // A real client would knock at the closed port for ever, past the end of this test.
    const waiting = (client: object) => Object.assign(client, { connect });
    const { admin, consumer } = absent;
    absent.admin = (options) => waiting(admin.call(absent, options)) as never;
    absent.consumer = (options) => waiting(consumer.call(absent, options)) as never;
    const started = await service('any', 'spec.absent', async () => 'committed', { kafka: absent });
    expect(connect).toHaveBeenCalled();
    expect(await started.consumer.probe()).toBe('degraded');
    await started.app.close();
  });

  it('refuses to start with a topic that nobody handles', async () => {
    const consumer = new BatchConsumer({
      kafka,
      group: 'spec.unwired',
      instance: 'spec-1',
      topics: ['nobody.handles.v1'],
      offsets: { load: async () => undefined },
      onPoison: async () => 'committed',
    });
    const answer = await new Promise((resolve) => consumer.listen(resolve));
    expect(answer).toMatchObject({ code: 'not_wired' });
  });
});
