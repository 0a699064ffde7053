import { setTimeout as sleep } from 'node:timers/promises';
import { type Admin, Kafka, logLevel, type SeekEntry } from 'kafkajs';

export type TopicEnds = (SeekEntry & { readonly high: string; readonly low: string })[];

/** A leader that was just killed has a follower in its place after some seconds. */
const LEADERS_WITHIN_MS = 30_000;
const AGAIN_AFTER_MS = 500;

/**
 * Of each topic where every partition begins and ends. Asked again while a partition has no leader: kafkajs then leaves
 * it out of its answer, or fails on there being none at all, and keeps what it was told of leaders for minutes.
 */
export async function topicEnds(
  brokers: readonly string[],
  topics: readonly string[],
): Promise<Map<string, TopicEnds>> {
  const deadline = Date.now() + LEADERS_WITHIN_MS;
  for (;;) {
    const admin = kafkaOf(brokers).admin({ retry: { retries: 1 } });
    try {
      await admin.connect();
      const ends = await Promise.all(topics.map((topic) => endsOf(admin, topic)));
      return new Map(topics.map((topic, i) => [topic, ends[i] ?? []]));
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(AGAIN_AFTER_MS);
    } finally {
      await admin.disconnect();
    }
  }
}

async function endsOf(admin: Admin, topic: string): Promise<TopicEnds> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const partitions = topics[0]?.partitions.length ?? 0;
  const ends = await admin.fetchTopicOffsets(topic);
  if (ends.length === partitions) return ends;
  throw new Error(`only ${ends.length} of ${partitions} partitions of ${topic} have a leader`);
}

export function kafkaOf(brokers: readonly string[]): Kafka {
  return new Kafka({
    clientId: 'paylog-oracle',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
  });
}
