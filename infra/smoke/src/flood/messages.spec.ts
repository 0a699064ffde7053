import { createHash } from 'node:crypto';
import { decodeOne } from '@paylog/kafka';
import { randomFrom } from '../random.js';
import { examplesOf } from './kafka-flood.js';
import { type FuzzedMessage, fuzzedMessage, INPUT_TOPICS, type InputTopic } from './messages.js';

const MANY = 400;

function flood(topic: InputTopic, seed = 1): FuzzedMessage[] {
  const random = randomFrom(seed);
  const examples = examplesOf(topic);
  return Array.from({ length: MANY }, () => fuzzedMessage(random, topic, examples));
}

/** What the contracts say of it; undefined: a reader takes it. */
function refusal(topic: InputTopic, message: FuzzedMessage): string | undefined {
  const { partition, key, value, headers } = message;
  const consumed = { topic, partition, offset: 0n, key, value, timestamp: '0', headers };
  const decoded = decodeOne(topic, { ...consumed, headers: { ...headers } });
  return typeof decoded === 'string' ? decoded : undefined;
}

/** Megabytes of bytes take Jest minutes to compare. */
function digestOf(messages: readonly FuzzedMessage[]): string {
  const hash = createHash('sha256');
  for (const { value, ...rest } of messages) hash.update(JSON.stringify(rest)).update(value ?? '-');
  return hash.digest('hex');
}

describe.each(INPUT_TOPICS)('fuzzed messages of %s', (topic) => {
  const messages = flood(topic);

  it('are the same for the same seed', () => {
    expect(digestOf(flood(topic))).toBe(digestOf(messages));
    expect(digestOf(flood(topic, 2))).not.toBe(digestOf(messages));
  });

  it('are called hopeless only where no reader takes them', () => {
    const taken = messages.filter((one) => one.hopeless && refusal(topic, one) === undefined);
    expect(taken.map(({ value }) => String(value).slice(0, 200))).toEqual([]);
  });

  it('are refused for many reasons, and some are taken', () => {
    const reasons = new Set(messages.map((one) => refusal(topic, one)));
    expect(reasons.size).toBeGreaterThan(15);
    expect(reasons).toContain(undefined);
    expect(messages.filter(({ hopeless }) => !hopeless).length).toBeGreaterThan(MANY / 4);
  });
});
