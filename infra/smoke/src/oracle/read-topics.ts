import { randomUUID } from 'node:crypto';
import type { KafkaMessage } from 'kafkajs';
import { jsonOf } from './database.js';
import { digestOf } from './digests.js';
import type {
  GoodsDecision,
  PaymentState,
  TopicEvidence,
  TopicMessage,
  VersionedState,
} from './evidence.js';
import { EVENTS, GOODS, LOG_PLACES } from './places.js';
import { kafkaOf, topicEnds } from './topic-ends.js';

export interface Topics {
  readonly topics: readonly TopicEvidence[];
  readonly lastStates: readonly VersionedState[];
  readonly goods: readonly GoodsDecision[];
}

const READ_WITHIN_MS = 60_000;

/** Every log's topic from its beginning to the end it has now. Nothing is committed, the group is removed again. */
export async function readTopics(brokers: readonly string[]): Promise<Topics> {
  const topics = LOG_PLACES.flatMap(({ topic }) => topic ?? []);
  const reader = new Reader();
  for (const [topic, ends] of await topicEnds(brokers, topics)) reader.expect(topic, ends);
  const admin = kafkaOf(brokers).admin();
  await admin.connect();
  const groupId = `paylog-oracle-${randomUUID()}`;
  try {
    if (reader.rest > 0) await readAll(brokers, groupId, topics, reader);
    return reader.result();
  } finally {
    await admin.deleteGroups([groupId]).catch(() => {});
    await admin.disconnect();
  }
}

async function readAll(
  brokers: readonly string[],
  groupId: string,
  topics: readonly string[],
  reader: Reader,
): Promise<void> {
  const consumer = kafkaOf(brokers).consumer({
    groupId,
    maxBytesPerPartition: 4 * 1024 * 1024,
    maxBytes: 32 * 1024 * 1024,
    maxWaitTimeInMs: 100,
    readUncommitted: true,
    allowAutoTopicCreation: false,
  });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => {
        reject(new Error(`${reader.rest} messages of the topics could not be read in time`));
      }, READ_WITHIN_MS);
      const done = () => {
        clearTimeout(deadline);
        resolve();
      };
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        clearTimeout(deadline);
        reject(payload.error);
      });
      void consumer.run({
        autoCommit: false,
        partitionsConsumedConcurrently: 4,
        eachBatch: ({ batch: { topic, partition, messages } }) => {
          for (const message of messages) reader.take(topic, partition, message);
          if (reader.rest === 0) done();
          return Promise.resolve();
        },
      });
    });
  } finally {
    await consumer.disconnect();
  }
}

interface Expected {
  readonly low: number;
  readonly high: number;
  next: number;
}

/** Takes messages in any order of topics and partitions, and keeps what the invariants ask about. */
class Reader {
  rest = 0;
  readonly #expected = new Map<string, Expected[]>();
  readonly #messages = new Map<string, TopicMessage[]>();
  readonly #last = new Map<string, { version: number; value: Buffer }>();
  readonly #goods: GoodsDecision[] = [];

  expect(topic: string, bounds: readonly { partition: number; low: string; high: string }[]): void {
    const partitions: Expected[] = [];
    for (const { partition, low, high } of bounds) {
      partitions[partition] = { low: Number(low), high: Number(high), next: Number(low) };
      if (Number(high) > Number(low)) this.rest += 1;
    }
    this.#expected.set(topic, partitions);
    this.#messages.set(topic, []);
  }

  take(topic: string, partition: number, message: KafkaMessage): void {
    const expected = this.#expected.get(topic)?.[partition];
    const offset = Number(message.offset);
    if (!expected || offset < expected.next || offset >= expected.high) return;
    expected.next = offset + 1;
    if (expected.next === expected.high) this.rest -= 1;
    const decoded = decode(partition, message);
    this.#messages.get(topic)?.push(decoded);
    if (topic === EVENTS) this.#keepLast(decoded, message.value);
    if (topic === GOODS) this.#keepDecision(decoded, message.value);
  }

  result(): Topics {
    const topics = [...this.#messages].map(([topic, messages]) => ({
      topic,
      partitions: this.#expected.get(topic)?.length ?? 0,
      messages: messages.sort((a, b) => a.partition - b.partition || a.offset - b.offset),
    }));
    const lastStates = [...this.#last].flatMap(([paymentId, { version, value }]) => {
      const state = jsonOf<{ state?: PaymentState }>(value)?.state;
      return state === undefined ? [] : [{ paymentId, version, state }];
    });
    return { topics, lastStates, goods: this.#goods };
  }

  #keepLast({ row }: TopicMessage, value: Buffer | null): void {
    if (!row || !value) return;
    const held = this.#last.get(row.stream);
    if ((held?.version ?? 0) < row.version) {
      this.#last.set(row.stream, { version: row.version, value });
    }
  }

  #keepDecision({ row }: TopicMessage, value: Buffer | null): void {
    const said = value && jsonOf<Omit<GoodsDecision, 'id' | 'place' | 'type' | 'time'>>(value);
    if (!row || !said) return;
    const { paymentId, storefront, orderId, part, reason } = said;
    const { id, type, time, lane, position } = row;
    const place = `${lane}/${position}`;
    this.#goods.push({ id, place, type, time, paymentId, storefront, orderId, part, reason });
  }
}

function decode(partition: number, message: KafkaMessage): TopicMessage {
  const text = (name: string) => {
    const value = message.headers?.[name];
    return (Array.isArray(value) ? value[0] : value)?.toString();
  };
  const position = text('ce_position');
  const columns = {
    lane: text('ce_lane') ?? '',
    stream: text('ce_subject') ?? '',
    version: text('ce_streamversion') ?? '',
    id: text('ce_id') ?? '',
    type: text('ce_type') ?? '',
    schemaVersion: text('ce_schemaversion') ?? '',
    source: text('ce_source') ?? '',
    time: text('ce_time') ?? '',
    correlationId: text('correlationid'),
    causationId: text('causationid'),
    traceparent: text('traceparent'),
    key: text('ce_key') ?? '',
    data: message.value ?? Buffer.alloc(0),
  };
  const { stream, id, type, time } = columns;
  return {
    partition,
    offset: Number(message.offset),
    key: message.key?.toString(),
    row:
      position === undefined
        ? undefined
        : {
            lane: Number(columns.lane),
            position: Number(position),
            stream,
            version: Number(columns.version),
            id,
            type,
            time,
            digest: text('ce_digest') ?? '',
            recomputed: digestOf(columns),
          },
  };
}
