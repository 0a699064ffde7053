import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { partitionOf } from '@paylog/contracts';
import { rowDigest, type LogRow } from '@paylog/event-sourcing';
import { testKafkaBrokers } from '@paylog/testing';
import { createKafka } from './client.js';
import { readPartition } from './partition-reader.js';
import { createPublisher } from './publisher.js';
import { kafkaRelayTarget } from './relay-target.js';
import { provisionTopics } from './topics.js';

jest.setTimeout(30_000);

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const kafka = createKafka({ brokers: testKafkaBrokers(), clientId: 'relay-target-spec', logger });
const newTopic = async (partitions = 8) => {
  const name = `spec.${randomUUID()}`;
  await provisionTopics(kafka, [{ name, partitions, config: { 'retention.ms': '-1' } }]);
  return name;
};

const stream = 'pay2example';
const lane = partitionOf(stream);
const row = (position: number, over: Partial<LogRow> = {}): LogRow => {
  const plain = {
    lane,
    position: BigInt(position),
    stream,
    version: position + 1,
    key: `key-${position}`,
    id: `fct-${position}`,
    type: 'FactRecorded',
    schemaVersion: 1,
    source: 'paylog/intent',
    time: '2026-01-01T00:00:00.000Z',
    data: Buffer.from(`{"n":${position},"text":"ü✓"}`),
    ...over,
  };
  return { ...plain, digest: rowDigest(plain) };
};
const readAll = async (target: ReturnType<typeof kafkaRelayTarget>, from: bigint) => {
  const rows = [];
  for await (const found of target.read(lane, from)) rows.push(found);
  return rows;
};

describe('the relay target', () => {
  it('gives back what was published: equal bytes, equal digests', async () => {
    const target = kafkaRelayTarget(kafka, await newTopic());
    const rows = [
      row(0),
      row(1, { correlationId: 'order-1', causationId: 'evt-1', traceparent: '00-ab-cd-01' }),
      row(2, { correlationId: '', data: Buffer.from([0, 255, 10]) }),
    ];
    expect(await target.publish(lane, rows.slice(0, 2))).toBe(2n);
    expect(await target.publish(lane, rows.slice(2))).toBe(3n);

    const found = await readAll(target, 0n);
    expect(found).toEqual(rows.map((one, index) => ({ ...one, offset: BigInt(index) })));
    for (const one of found) expect(rowDigest(one)).toEqual(one.digest);
    expect(await readAll(target, 2n)).toHaveLength(1);
    expect(await readAll(target, 3n)).toEqual([]);
    await target.close();
  });

  it('refuses a row whose key belongs to another partition, before anything is sent', async () => {
    const target = kafkaRelayTarget(kafka, await newTopic());
    const wrong = row(1, { stream: 'pay2elsewhere' });
    expect(partitionOf('pay2elsewhere')).not.toBe(lane);
    await expect(target.publish(lane, [row(0), wrong])).rejects.toThrow(/belongs to partition/);
    expect(await readAll(target, 0n)).toEqual([]);
    await target.close();
  });

  it('says so when the topic is shorter than what was acknowledged', async () => {
    const target = kafkaRelayTarget(kafka, await newTopic());
    await target.publish(lane, [row(0)]);
    await expect(readAll(target, 5n)).rejects.toMatchObject({ code: 'offset_beyond_end' });
    await target.close();
  });
});

describe('the publisher', () => {
  const message = (partition: number, value: string | Buffer) => ({
    partition,
    key: 'k',
    value: Buffer.from(value),
    headers: {},
  });

  it('keeps the order of calls within each partition', async () => {
    const topic = await newTopic();
    const publisher = createPublisher(kafka, logger);
    const calls = Array.from({ length: 60 }, (_, n) =>
      publisher.publish(topic, [message(n % 3, `${n}`), message((n + 1) % 3, `${n}`)]),
    );
    const answers = await Promise.all(calls);
    expect(answers.at(-1)?.get(2)).toBe(40n);
    for (const partition of [0, 1, 2]) {
      const values: number[] = [];
      for await (const messages of readPartition(kafka, topic, partition, 0n)) {
        values.push(...messages.map(({ value }) => Number(value)));
      }
      expect(values).toEqual([...values].sort((a, b) => a - b));
      expect(new Set(values).size).toBe(40); // One sent again may stand there twice.
    }
    await publisher.close();
  });

  it('surfaces what only a person can mend, and spares the calls beside it', async () => {
    const topic = await newTopic();
    const publisher = createPublisher(kafka, logger);
    const tooLarge = publisher.publish(topic, [message(0, Buffer.alloc(20 * 1024 * 1024))]);
    const beside = publisher.publish(topic, [message(1, 'small')]);
    await expect(tooLarge).rejects.toMatchObject({ code: 'publish_refused', transient: false });
    expect((await beside).get(1)).toBeGreaterThan(0n); // Sent once or twice, acknowledged.
    await publisher.close();
  });

  it('ends a call that waits for an absent broker when it is closed', async () => {
    // With createKafka's endless retries the attempt would outlive the test.
    const retry = { retries: 2, initialRetryTime: 200 };
    const absent = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING, retry });
    const publisher = createPublisher(absent, logger);
    const waiting = publisher.publish('anything', [message(0, 'x')]);
    const refused = expect(waiting).rejects.toMatchObject({ code: 'publisher_closed' });
    await publisher.close();
    await refused;
  });
});

describe('provisioning', () => {
  it('can be done twice, by two at once, and sets changed settings', async () => {
    const name = `spec.${randomUUID()}`;
    const spec = (retention: string) => [
      { name, partitions: 3, config: { 'retention.ms': retention } },
    ];
    await Promise.all([provisionTopics(kafka, spec('-1')), provisionTopics(kafka, spec('-1'))]);
    await provisionTopics(kafka, spec('86400000'));
    const admin = kafka.admin();
    await admin.connect();
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name, configNames: ['retention.ms'] }],
    });
    await admin.disconnect();
    expect(resources[0]?.configEntries[0]?.configValue).toBe('86400000');
  });

  it('refuses a topic that exists with another partition count', async () => {
    const name = await newTopic(3);
    await expect(provisionTopics(kafka, [{ name, partitions: 4, config: {} }])).rejects.toThrow(
      /has 3 partitions, 4 are expected/,
    );
  });
});
