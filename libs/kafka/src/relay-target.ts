import type { Kafka } from 'kafkajs';
import { partitionOf, TOPICS } from '@paylog/contracts';
import type { LogRow, RelayTarget } from '@paylog/event-sourcing';
import { KafkaFault } from './fault.js';
import type { Logger } from './logger.js';
import { readPartition } from './partition-reader.js';
import { createPublisher } from './publisher.js';
import { isRow, toMessage, toRow } from './row-message.js';

export interface KafkaRelayTargetOptions {
  readonly logger?: Logger;
  /** The record key of a row. Default: its stream. */
  readonly keyOf?: (row: LogRow) => string;
}

/**
 * A log's topic: lane n is partition n, one row is one message. Refuses a row whose key belongs to another partition,
 * before anything is sent: every reader would take it for poison.
 */
export function kafkaRelayTarget(
  kafka: Kafka,
  topic: string,
  options: KafkaRelayTargetOptions = {},
): RelayTarget & {
  /** Ends whatever waits for Kafka, reads too, with a transient fault. */
  close(): Promise<void>;
} {
  const closing = new AbortController();
  const { keyOf = ({ stream }) => stream, logger } = options;
  const publisher = createPublisher(kafka, logger);
  const partitions = TOPICS.find(({ name }) => name === topic)?.partitions;

  return {
    async publish(lane, rows) {
      const messages = rows.map((row) => {
        const key = keyOf(row);
        if (row.lane !== lane || partitionOf(key, partitions) !== lane) {
          const why =
            `row ${row.lane}/${row.position} of stream ${row.stream} has the key ${key}, which belongs to ` +
            `partition ${partitionOf(key, partitions)}, not ${lane}: choose the lane with partitionOf(key)`;
          throw new KafkaFault('wrong_lane', 'publish', false, why);
        }
        return toMessage(row, key);
      });
      const next = (await publisher.publish(topic, messages)).get(lane);
      if (next !== undefined) return next;
      const why = `nothing to publish for lane ${lane}: give at least one row`;
      throw new KafkaFault('nothing_to_publish', 'publish', false, why);
    },
    async *read(lane, fromOffset) {
      const batches = readPartition(kafka, topic, lane, fromOffset);
      for await (const messages of untilAborted(batches, closing.signal)) {
        for (const message of messages.filter(isRow)) yield toRow(message);
      }
    },
    close() {
      closing.abort();
      return publisher.close();
    },
  };
}

/** A read of a broker that answers nobody never ends by itself, and can't be called off: it is left behind. */
async function* untilAborted<T>(batches: AsyncGenerator<T>, signal: AbortSignal) {
  let abort = () => {};
  const aborted = new Promise<'aborted'>((resolve) => (abort = () => resolve('aborted')));
  signal.addEventListener('abort', abort, { once: true });
  try {
    for (;;) {
      const next = signal.aborted ? 'aborted' : await Promise.race([batches.next(), aborted]);
      if (next === 'aborted') {
        throw new KafkaFault('reader_closed', 'read', true, 'closed before Kafka answered');
      }
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    void batches.return(undefined).catch(() => undefined);
  }
}
