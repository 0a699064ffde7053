import type { Kafka } from 'kafkajs';
import { deadLetterTopic } from '@paylog/contracts';
import type { EventLog, ParkedRow } from '@paylog/event-sourcing';
import type { Logger } from './logger.js';
import { startLoop, type Loop } from './loop.js';
import { createPublisher, type OutgoingMessage, type Publisher } from './publisher.js';

export interface DeadLetterOptions {
  readonly log: Pick<EventLog, 'unpublishedParked' | 'markPublished'>;
  readonly kafka: Kafka;
  readonly logger?: Logger;
  /** Default 1 s: the rows are the truth, their copies may come late. */
  readonly everyMs?: number;
}

const AT_ONCE = 100;
const ONLY_PARTITION = 0;

/**
 * Copies parked poison to `<topic>.<group>.dead-letter`, one partition, for those who look at topics. Several processes
 * may run it: a row is then copied twice at worst, with the same `dead-letter-id`.
 */
export function startDeadLetterRelay(options: DeadLetterOptions): Loop {
  const { log, kafka, logger, everyMs = 1_000 } = options;
  const publisher = createPublisher(kafka, logger);
  const loop = startLoop(everyMs, logger, 'dead letters not published', async () => {
    const rows = (await log.unpublishedParked(AT_ONCE)).sort(byOffset);
    for (const [topic, letters] of byTopic(rows)) {
      await publishLetters(publisher, topic, letters, logger);
      await log.markPublished(letters.map(({ id }) => id));
    }
    // Poison of our own logs has no topic it came from: its row is all there is.
    const homeless = rows.filter((row) => topicFor(row) === undefined);
    if (homeless.length > 0) await log.markPublished(homeless.map(({ id }) => id));
    return rows.length === AT_ONCE;
  });
  return {
    async stop() {
      const stopped = loop.stop();
      await publisher.close(); // A round that waits for Kafka ends by it.
      await stopped;
    },
  };
}

async function publishLetters(
  publisher: Publisher,
  topic: string,
  letters: readonly ParkedRow[],
  logger: Logger | undefined,
): Promise<void> {
  await publisher.publish(topic, letters.map(toLetter));
  for (const { id, source, partition, offset, stage, error } of letters) {
    logger?.error({ id, source, partition, offset: String(offset), stage, error }, 'dead letter');
  }
}

/** Our headers stand beside the message's own, so that a copy can be published again as it was. */
export function toLetter(row: ParkedRow): OutgoingMessage {
  return {
    partition: ONLY_PARTITION,
    key: row.key,
    value: row.value,
    headers: {
      ...row.headers,
      'dead-letter-id': row.id,
      'dead-letter-source': row.source,
      'dead-letter-partition': String(row.partition),
      'dead-letter-offset': String(row.offset),
      'dead-letter-stage': row.stage,
      'dead-letter-error': row.error,
      'dead-letter-parked-at': row.parkedAt.toISOString(),
    },
  };
}

/** `<group>/<topic>` → the group's dead-letter topic; undefined for sources that are no topic. */
export function topicFor({ source }: Pick<ParkedRow, 'source'>): string | undefined {
  const slash = source.indexOf('/');
  if (slash < 1) return undefined;
  return deadLetterTopic(source.slice(slash + 1), source.slice(0, slash));
}

/** A batch's poison is parked in one instant; its copies stand in the order of the messages. */
const byOffset = (a: ParkedRow, b: ParkedRow): number =>
  a.partition - b.partition || (a.offset < b.offset ? -1 : 1);

function byTopic(rows: readonly ParkedRow[]): Map<string, ParkedRow[]> {
  const grouped = new Map<string, ParkedRow[]>();
  for (const row of rows) {
    const topic = topicFor(row);
    if (topic !== undefined) grouped.set(topic, [...(grouped.get(topic) ?? []), row]);
  }
  return grouped;
}
