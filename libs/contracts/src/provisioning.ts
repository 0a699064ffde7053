import { GROUPS } from './groups.js';
import { type Policy, deadLetterTopic, TOPICS } from './topics.js';
import { STOREFRONT_ORDERS, WEBHOOKS_DEAD_LETTER } from './topic-names.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const RETENTION_MS: Readonly<Record<Policy, number>> = {
  forever: -1,
  '30d': 30 * DAY_MS,
  '90d': 90 * DAY_MS,
};
/** Kafka's default, stated: `MESSAGE_BYTES_MAX` and the headers fit. */
const RECORD_BYTES_MAX = 1_048_588;

/** A topic as the broker should have it. */
export interface ProvisionedTopic {
  readonly name: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

/**
 * Every topic to create: the table, and a dead-letter topic a (topic, group), with as many partitions as its topic, so
 * that a copy stays in the partition it came from.
 */
export function provisionedTopics(): readonly ProvisionedTopic[] {
  const own = TOPICS.map(({ name, partitions, policy }) => ({
    name,
    partitions,
    config: {
      ...config(policy),
      // A storefront's wrong clock must not decide how long its messages are kept.
      ...(name === STOREFRONT_ORDERS && { 'message.timestamp.type': 'LogAppendTime' }),
    },
  }));
  const deadLetters = Object.values(GROUPS).flatMap(({ group, topics }) =>
    topics.map((topic) => ({
      name: deadLetterTopic(topic, group),
      partitions: TOPICS.find(({ name }) => name === topic)?.partitions ?? 1,
      config: config('90d'),
    })),
  );
  // Webhooks come by HTTP: what is parked of them comes from no topic.
  const webhooks = { name: WEBHOOKS_DEAD_LETTER, partitions: 1, config: config('90d') };
  return [...own, ...deadLetters, webhooks];
}

function config(policy: Policy): Record<string, string> {
  return {
    'cleanup.policy': 'delete',
    'retention.ms': String(RETENTION_MS[policy]),
    'retention.bytes': '-1',
    'max.message.bytes': String(RECORD_BYTES_MAX),
    'unclean.leader.election.enable': 'false',
  };
}
