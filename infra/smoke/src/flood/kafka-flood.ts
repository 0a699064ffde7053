import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKafka, createPublisher, type Publisher } from '@paylog/kafka';
import { repository } from '@paylog/local';
import { type Random, randomFrom } from '../random.js';
import {
  type Examples,
  type FuzzedMessage,
  fuzzedMessage,
  INPUT_TOPICS,
  type InputTopic,
} from './messages.js';

export interface KafkaFloodOptions {
  readonly seed: number;
  /** On each topic. */
  readonly messages: number;
  readonly overSeconds: number;
  readonly brokers: readonly string[];
  readonly signal: AbortSignal;
}

/** Where the messages are that were sent to one topic: by partition, the offsets. */
export interface Sent {
  readonly topic: InputTopic;
  readonly count: number;
  readonly offsets: number[][];
  /** Those that no reader can do anything with. */
  readonly hopeless: number[][];
}

const PARTITIONS = 8;
const TICK_MS = 250;
/** Made at once at most: who is behind must not keep the others of this process waiting. */
const MADE_AT_ONCE = 250;
/** One send makes a record batch a partition, and a topic takes a batch of 1 MiB at most. */
const BATCH_BYTES_MAX = 950_000;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** Messages of every kind on every topic that a service reads, evenly over the time. */
export async function floodKafka(options: KafkaFloodOptions): Promise<Sent[]> {
  const kafka = createKafka({
    brokers: [...options.brokers],
    clientId: 'paylog-flood',
    logger: SILENT,
  });
  const publisher = createPublisher(kafka);
  try {
    return await Promise.all(
      INPUT_TOPICS.map((topic, index) =>
        floodTopic(topic, randomFrom(options.seed * 100 + index), publisher, options),
      ),
    );
  } finally {
    await publisher.close();
  }
}

async function floodTopic(
  topic: InputTopic,
  random: Random,
  publisher: Publisher,
  { messages, overSeconds, signal }: KafkaFloodOptions,
): Promise<Sent> {
  const examples = examplesOf(topic);
  const lists = () => Array.from({ length: PARTITIONS }, (): number[] => []);
  const offsets = lists();
  const hopeless = lists();
  const startedAt = Date.now();
  let count = 0;
  while (count < messages && !signal.aborted) {
    const share = Math.min(1, (Date.now() - startedAt) / (overSeconds * 1_000));
    const due = Math.min(MADE_AT_ONCE, Math.floor(share * messages) - count);
    const fuzzed = Array.from({ length: due }, () => fuzzedMessage(random, topic, examples));
    for (const batch of batchesOf(fuzzed)) {
      const next = await publisher.publish(topic, batch);
      for (const [partition, end] of next) note(batch, partition, Number(end), offsets, hopeless);
    }
    count += due;
    if (due === 0) await sleep(TICK_MS);
  }
  return { topic, count, offsets, hopeless };
}

function note(
  batch: readonly FuzzedMessage[],
  partition: number,
  end: number,
  offsets: number[][],
  hopeless: number[][],
): void {
  const sent = batch.filter((message) => message.partition === partition);
  sent.forEach((message, index) => {
    const offset = end - sent.length + index;
    offsets[partition]?.push(offset);
    if (message.hopeless) hopeless[partition]?.push(offset);
  });
}

function* batchesOf(fuzzed: readonly FuzzedMessage[]): Generator<FuzzedMessage[]> {
  let open: FuzzedMessage[] = [];
  let bytes = 0;
  for (const message of fuzzed) {
    const size = sizeOf(message);
    if (open.length > 0 && bytes + size > BATCH_BYTES_MAX) {
      yield open;
      [open, bytes] = [[], 0];
    }
    open.push(message);
    bytes += size;
  }
  if (open.length > 0) yield open;
}

const sizeOf = ({ value, key, headers }: FuzzedMessage) =>
  100 + (value?.length ?? 0) + (key?.length ?? 0) + JSON.stringify(headers).length * 2;

/** The contracts' own examples, by type. */
export function examplesOf(topic: InputTopic): Examples {
  const folder = join(repository, 'libs', 'contracts', 'examples', topic);
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return Object.fromEntries(
    files.map((file) => [
      file.split('.')[0] as string,
      JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, unknown>,
    ]),
  );
}
