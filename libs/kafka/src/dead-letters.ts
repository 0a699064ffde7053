import type { Kafka } from 'kafkajs';
import type { Pool } from 'pg';
import { deadLetterTopic } from '@paylog/contracts';
import type { EventLog, ParkedRow } from '@paylog/event-sourcing';
import { crossing } from '@paylog/failpoints';
import { underLock } from '@paylog/postgres';
import type { Logger } from './logger.js';
import { startLoop, type Loop } from './loop.js';
import { OUR_HEADER } from './poison.js';
import { createPublisher, type OutgoingMessage, type Publisher } from './publisher.js';

const atLettersLock = crossing('kafka.letters-lock');
const atLettersUnlock = crossing('kafka.letters-unlock');
const STEPS = { atLock: atLettersLock, atUnlock: atLettersUnlock };

export interface DeadLetterOptions {
  readonly log: Pick<EventLog, 'unpublishedParked' | 'markPublished' | 'schema'>;
  readonly pool: Pool;
  readonly kafka: Kafka;
  readonly logger?: Logger;
  /** Default 1 s: the rows are the truth, their copies may come late. */
  readonly everyMs?: number;
}

const AT_ONCE = 500;
const ONLY_PARTITION = 0;
const LEFT_OUT = `${OUR_HEADER}left-out`;
/** Of a topic's messages and record batches it is 1 MiB; a send makes one record batch of its letters. */
const SEND_BYTES_MAX = 1_000_000;

/**
 * Copies parked poison to `<topic>.<group>.dead-letter`, one partition, for those who look at topics. Several processes
 * may run it: one at a time publishes, under an advisory lock, and one that ends between publishing and marking leaves a
 * row to be copied again, with the same `dead-letter-id`. A message that just fitted into its
 * own topic does not fit with our headers beside it: its copy goes without what is too much, and says so.
 */
export function startDeadLetterRelay(options: DeadLetterOptions): Loop {
  const { log, pool, kafka, logger, everyMs = 1_000 } = options;
  const publisher = createPublisher(kafka, logger);
  const round = async (): Promise<boolean> => {
    const rows = (await log.unpublishedParked(AT_ONCE)).sort(byOffset);
    for (const [topic, letters] of byTopic(rows)) {
      await publishLetters(publisher, topic, letters, logger);
      await log.markPublished(letters.map(({ id }) => id));
    }
    // Poison of our own logs has no topic it came from: its row is all there is.
    const homeless = rows.filter((row) => topicFor(row) === undefined);
    if (homeless.length > 0) await log.markPublished(homeless.map(({ id }) => id));
    return rows.length > 0;
  };
  const loop = startLoop(everyMs, logger, 'dead letters not published', async () => {
    // Asked without the lock first: there is nearly never one.
    const [any] = await log.unpublishedParked(1);
    return any ? underLock(pool, `letters:${log.schema}`, STEPS, round) : false;
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
  for (const send of sends(letters.map(toLetter))) await publisher.publish(topic, send);
  for (const { id, source, partition, offset, stage, error } of letters) {
    logger?.error({ id, source, partition, offset: String(offset), stage, error }, 'dead letter');
  }
}

function* sends(letters: readonly OutgoingMessage[]): Generator<OutgoingMessage[]> {
  let open: OutgoingMessage[] = [];
  let bytes = 0;
  for (const letter of letters.map(fitting)) {
    const size = sizeOf(letter);
    if (open.length > 0 && bytes + size > SEND_BYTES_MAX) {
      yield open;
      [open, bytes] = [[], 0];
    }
    open.push(letter);
    bytes += size;
  }
  if (open.length > 0) yield open;
}

/** One letter that the broker refuses would hold up all that come after it. The row has the whole message. */
function fitting(letter: OutgoingMessage): OutgoingMessage {
  if (sizeOf(letter) <= SEND_BYTES_MAX) return letter;
  const headers = { ...letter.headers, [LEFT_OUT]: 'value' };
  const withoutValue = { ...letter, value: null, headers };
  if (sizeOf(withoutValue) <= SEND_BYTES_MAX) return withoutValue;
  const ours = Object.entries(headers).filter(([name]) => name.startsWith(OUR_HEADER));
  const rest = Object.fromEntries([...ours, [LEFT_OUT, 'key, value and headers']]);
  return { ...withoutValue, key: null, headers: rest };
}

/** At most: a record's own few bytes, and lengths, beside its texts. */
function sizeOf({ key, value, headers }: OutgoingMessage): number {
  let bytes = 100 + Buffer.byteLength(key ?? '') + (value?.length ?? 0);
  for (const [name, text] of Object.entries(headers)) {
    bytes += 10 + Buffer.byteLength(name) + Buffer.byteLength(text);
  }
  return bytes;
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
