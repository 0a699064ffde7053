import { randomUUID } from 'node:crypto';
import { waitFor } from '@paylog/local';
import type { EachMessagePayload, Kafka } from 'kafkajs';

/** A consumer of ours that reads topics from their beginning. */
export interface Following {
  /** Resolves when everything the topics held at the time of the call has been taken. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

/** Reads topics as anybody outside does: a group of its own, from the beginning, no offsets kept. */
export async function follow(
  kafka: Kafka,
  topics: readonly string[],
  take: (message: EachMessagePayload) => void,
): Promise<Following> {
  // Somebody waits for each message: the broker shall not collect.
  const consumer = kafka.consumer({ groupId: `outside-${randomUUID()}`, maxWaitTimeInMs: 100 });
  const admin = kafka.admin();
  await Promise.all([consumer.connect(), admin.connect()]);
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  const next = new Map<string, bigint>();
  await consumer.run({
    autoCommit: false,
    eachMessage: async (payload) => {
      take(payload);
      const { topic, partition, message } = payload;
      next.set(`${topic}/${partition}`, BigInt(message.offset) + 1n);
    },
  });
  return {
    async caughtUp() {
      for (const topic of topics) {
        for (const { partition, high } of await admin.fetchTopicOffsets(topic)) {
          const read = () => next.get(`${topic}/${partition}`) ?? 0n;
          await waitFor(`${topic}/${partition} to be read to offset ${high}`, async () =>
            read() >= BigInt(high) ? true : undefined,
          );
        }
      }
    },
    async close() {
      await Promise.all([consumer.disconnect(), admin.disconnect()]);
    },
  };
}
