import { performance } from 'node:perf_hooks';
import type { OutgoingMessage } from '@paylog/kafka';
import type { Pool } from 'pg';
import { logMessages } from '../log-messages.js';
import { ACKS, connectedProducer, type Publishing } from '../publishing.js';

/** What the relay takes of a lane at once. */
const BATCH_ROWS_MAX = 500;
const BATCH_BYTES_MAX = 512 * 1024;

/**
 * The limit: the same messages, made beforehand and held in memory, sent by a bare kafkajs producer in the relay's
 * batches, the next one of every partition in one request, as fast as the broker acknowledges. No database at all.
 */
export async function fromMemory(pool: Pool): Promise<Publishing> {
  const lanes = (await logMessages(pool)).map(batchesOf);
  return {
    key: 'producing from memory',
    role: 'limit',
    prepare: () => Promise.resolve(),
    async publish({ kafka, topic }) {
      const producer = await connectedProducer(kafka);
      const started = performance.now();
      let acked = 0;
      for (let i = 0; lanes.some((batches) => batches[i]); i++) {
        const messages = lanes.flatMap((batches) => batches[i] ?? []);
        await producer.sendBatch({ ...ACKS, topicMessages: [{ topic, messages }] });
        acked += messages.length;
      }
      const seconds = (performance.now() - started) / 1000;
      await producer.disconnect();
      return { acked, seconds };
    },
  };
}

interface Sendable extends Omit<OutgoingMessage, 'headers'> {
  readonly headers: Record<string, string>;
}

function batchesOf(messages: readonly OutgoingMessage[]): Sendable[][] {
  const batches: Sendable[][] = [];
  let open: Sendable[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = message.value?.length ?? 0;
    if (open.length === BATCH_ROWS_MAX || (open.length > 0 && bytes + size > BATCH_BYTES_MAX)) {
      batches.push(open);
      [open, bytes] = [[], 0];
    }
    open.push({ ...message, headers: { ...message.headers } });
    bytes += size;
  }
  if (open.length > 0) batches.push(open);
  return batches;
}
