import { randomUUID } from 'node:crypto';
import { deadLetterTopic, encode, OPERATIONS_COMMANDS, TOPICS } from '@paylog/contracts';
import type { Pool } from 'pg';
import { createLogSql, postgresLog, type EventLog } from '@paylog/event-sourcing';
import { createPool } from '@paylog/postgres';
import { createTestDatabase, eventually, testKafkaBrokers } from '@paylog/testing';
import { createKafka } from './client.js';
import { startDeadLetterRelay } from './dead-letters.js';
import { GroupReader } from './group-reader.js';
import { sourceOf, type Batch, type ConsumedMessage, type Outcome } from './message.js';
import { startOperations } from './operations.js';
import { readPartition } from './partition-reader.js';
import { inputOf, messageOf, parkedFrom, parkPoison } from './poison.js';
import { createPublisher } from './publisher.js';
import { startReplay } from './replay.js';
import { provisionTopics } from './topics.js';

jest.setTimeout(30_000);

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const kafka = createKafka({ brokers: testKafkaBrokers(), clientId: 'dead-letter-spec', logger });
const publisher = createPublisher(kafka, logger);
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let pool: Pool;
let log: EventLog;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool(database.url, { name: 'dead-letter-spec', max: 6 });
  await pool.query(createLogSql({ schema: 'facts', lanes: 8, opened: true }));
  // No unique key: an effect that happens twice shows.
  await pool.query('create table effects (value text not null)');
  log = await postgresLog(pool, 'facts');
});
afterAll(async () => {
  await publisher.close();
  await pool.end();
  await database.drop();
});

const effects = async () => {
  const { rows } = await pool.query<{ value: string }>('select value from effects');
  return rows.map(({ value }) => value);
};
const good = (message: ConsumedMessage) => String(message.value).startsWith('good');

it('a parked message is dead-lettered, mended by an operator, and replayed after later ones', async () => {
  const topic = `spec.${randomUUID()}`;
  const group = `spec-${randomUUID()}.facts`;
  const service = 'fulfillment';
  const letters = deadLetterTopic(topic, group);
  const commands = TOPICS.find(({ name }) => name === OPERATIONS_COMMANDS);
  await provisionTopics(kafka, [
    { name: topic, partitions: 1, config: {} },
    { name: letters, partitions: 1, config: {} },
    { name: OPERATIONS_COMMANDS, partitions: commands?.partitions ?? 1, config: {} },
  ]);

  const reader = new GroupReader(
    {
      kafka,
      group,
      instance: 'spec-1',
      topics: [topic],
      offsets: { load: (source, partition) => log.offset(source, partition) },
      onPoison: parkPoison(log, group),
      logger,
    },
    async (batch: Batch): Promise<Outcome> => {
      const parked = batch.messages
        .filter((message) => !good(message))
        .map((message) => parkedFrom(group, message, 'decode', 'is bad'));
      const [answer] = await log.append([], { input: inputOf(group, batch), parked });
      if (answer?.status === 'offset_moved') return 'fenced';
      await apply(batch.messages.filter(good));
      return 'committed';
    },
  );
  const apply = async (messages: readonly ConsumedMessage[]) => {
    for (const { value } of messages) {
      await pool.query('insert into effects values ($1)', [String(value)]);
    }
  };
  const replay = startReplay({
    log,
    pool,
    logger,
    everyMs: 50,
    handle: async (rows) => {
      const messages = rows.map(messageOf);
      if (!messages.every(good)) throw new Error('still bad');
      await log.append([], { settle: rows.map(({ id }) => ({ id, status: 'applied' as const })) });
      await apply(messages);
    },
  });
  const relay = startDeadLetterRelay({ log, pool, kafka, logger, everyMs: 50 });
  const operations = startOperations({ kafka, instance: 'spec-1', service, logs: [log], logger });
  reader.start();

  const message = (value: string) => ({
    partition: 0,
    key: 'k',
    value: Buffer.from(value),
    headers: { ce_id: value },
  });
  await publisher.publish(topic, ['good-1', 'bad', 'bad-too', 'good-2'].map(message));
  const stored = () => log.offset(sourceOf(group, topic), 0);
  await eventually('all four are read', async () => (await stored()) === 4n);

  const copies = await eventually('two dead letters', async () => {
    const found: ConsumedMessage[] = [];
    for await (const some of readPartition(kafka, letters, 0, 0n)) found.push(...some);
    return found.length >= 2 && found;
  });
  expect(copies.map(({ value }) => String(value))).toEqual(['bad', 'bad-too']);
  expect(copies[0]?.headers).toMatchObject({
    ce_id: 'bad',
    'dead-letter-source': sourceOf(group, topic),
    'dead-letter-offset': '1',
    'dead-letter-stage': 'decode',
    'dead-letter-error': 'is bad',
    'dead-letter-attempts': '1',
  });
  await eventually(
    'marked as published',
    async () => (await log.unpublishedParked(9)).length === 0,
  );

  await publisher.publish(topic, [message('good-3')]);
  await eventually('the later one is read', async () => (await stored()) === 5n);
  const [first, second] = copies.map(({ headers }) => String(headers['dead-letter-id']));
  const command = (type: 'ReplayParked' | 'DiscardParked', data: object) => ({
    partition: 0,
    key: service,
    headers: { ce_id: randomUUID(), ce_type: type },
    value: encode(OPERATIONS_COMMANDS, type, {
      service,
      operator: 'ada',
      reason: 'spec',
      ...data,
    } as never),
  });
  const mended = Buffer.from('good-mended').toString('base64');
  await publisher.publish(OPERATIONS_COMMANDS, [
    command('ReplayParked', { parkedId: first, mended }),
    command('DiscardParked', { parkedId: second }),
    { partition: 0, key: service, headers: {}, value: Buffer.from('nonsense') },
  ]);
  await eventually('the mended one has its effect', async () =>
    (await effects()).includes('good-mended'),
  );
  await eventually('nothing of the topic is parked any more', async () =>
    (await log.parked()).every(({ source }) => source !== sourceOf(group, topic)),
  );
  await Promise.all([reader.close(), operations.close(), relay.stop(), replay.stop()]);
  expect(await effects()).toEqual(['good-1', 'good-2', 'good-3', 'good-mended']);
  expect((await log.parked()).map(({ stage }) => stage)).toContain('decode'); // the nonsense command
});

it('a replay that fails again leaves the row ready and does not hold up its neighbours', async () => {
  const message = (value: string, offset: bigint): ConsumedMessage => ({
    topic: 'spec.again',
    partition: 0,
    offset,
    key: 'k',
    value: Buffer.from(value),
    headers: {},
    timestamp: '0',
  });
  const parked = ['bad', 'good'].map((value, index) =>
    parkedFrom('again', message(value, BigInt(index)), 'decode', 'e'),
  );
  await log.append([], { parked });
  for (const { id } of parked) await log.markReady(id);
  const tried: string[][] = [];
  const replay = startReplay({
    log,
    pool,
    logger,
    everyMs: 20,
    handle: async (rows) => {
      tried.push(rows.map(({ value }) => String(value)));
      if (rows.some(({ value }) => String(value) === 'bad')) throw new Error('bad');
      await log.append([], { settle: rows.map(({ id }) => ({ id, status: 'applied' as const })) });
    },
  });
  await eventually('the good one is applied', async () => tried.length >= 3);
  await replay.stop();
  expect(tried.map(({ length }) => length)).toEqual([2, 1, 1]);
  const left = await log.parked({ status: 'ready' });
  expect(left.map(({ value }) => String(value))).toEqual(['bad']);
});

it('messages as large as a topic takes, and many at once, do not hold up those after them', async () => {
  const topic = `spec.${randomUUID()}`;
  const group = `spec-${randomUUID()}.facts`;
  const letters = deadLetterTopic(topic, group);
  const config = { 'max.message.bytes': '1048588' };
  await provisionTopics(kafka, [{ name: letters, partitions: 1, config }]);
  const values = [1_048_000, ...Array.from({ length: 30 }, () => 100_000), 3];
  const parked = values.map((bytes, index) =>
    parkedFrom(
      group,
      {
        topic,
        partition: 0,
        offset: BigInt(index),
        key: 'k',
        value: Buffer.alloc(bytes, 'x'),
        headers: index === 0 ? { 'x-long': 'y'.repeat(1_040_000) } : {},
        timestamp: '0',
      },
      'decode',
      'is bad',
    ),
  );
  await log.markPublished((await log.unpublishedParked(100)).map(({ id }) => id)); // Of other specs.
  for (const row of parked) await log.append([], { parked: [row] });
  const relay = startDeadLetterRelay({ log, pool, kafka, logger, everyMs: 50 });
  const copies = await eventually('every letter', async () => {
    const found: ConsumedMessage[] = [];
    for await (const some of readPartition(kafka, letters, 0, 0n)) found.push(...some);
    return found.length >= values.length && found;
  });
  await relay.stop();
  expect(copies[0]).toMatchObject({ key: null, value: null });
  expect(copies[0]?.headers).toMatchObject({
    'dead-letter-offset': '0',
    'dead-letter-left-out': 'key, value and headers',
  });
  expect(copies.slice(1).map(({ value }) => value?.length)).toEqual(values.slice(1));
  expect(await log.unpublishedParked(10)).toEqual([]);
});

it('of two processes one copies a row, not both', async () => {
  const topic = `spec.${randomUUID()}`;
  const group = `spec-${randomUUID()}.facts`;
  const letters = deadLetterTopic(topic, group);
  await provisionTopics(kafka, [{ name: letters, partitions: 1, config: {} }]);
  const message = { topic, partition: 0, key: 'k', value: null, headers: {}, timestamp: '0' };
  const parked = Array.from({ length: 1_200 }, (_, offset) =>
    parkedFrom(group, { ...message, offset: BigInt(offset) }, 'decode', 'is bad'),
  );
  await log.markPublished((await log.unpublishedParked(100)).map(({ id }) => id)); // Of other specs.
  await log.append([], { parked });
  // What is marked was copied. Counted here and not in the topic, where Kafka's own repeats are to be found as well.
  const copied: string[] = [];
  const marking: Pick<EventLog, 'unpublishedParked' | 'markPublished' | 'schema'> = {
    schema: log.schema,
    unpublishedParked: (limit) => log.unpublishedParked(limit),
    markPublished: (ids) => {
      copied.push(...ids);
      return log.markPublished(ids);
    },
  };
  const relays = [1, 2].map(() =>
    startDeadLetterRelay({ log: marking, pool, kafka, logger, everyMs: 20 }),
  );
  await eventually(
    'marked as published',
    async () => (await log.unpublishedParked(1)).length === 0,
  );
  await Promise.all(relays.map((relay) => relay.stop()));
  expect(copied.sort()).toEqual(parked.map(({ id }) => id).sort());
});
