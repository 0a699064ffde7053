import {
  decodeMessage,
  OPERATIONS_COMMANDS,
  partitionOf,
  stableId,
  STOREFRONT_ORDERS,
  TOPICS,
  type DecodedMessage,
  type TopicName,
} from '@paylog/contracts';
import type { EventLog, NewParked, ParkedRow } from '@paylog/event-sourcing';
import { reasonOf, type Stage } from './fault.js';
import { sourceOf, type Batch, type ConsumedMessage, type Outcome } from './message.js';
import type { PoisonHook } from './slice-worker.js';

/** A message that is what its topic's contract says. */
export type Accepted<T extends TopicName> = Extract<DecodedMessage<T>, { ok: true }> & {
  readonly message: ConsumedMessage;
  /** `ce_id`: the fact's or event's own id. */
  readonly id: string;
};

export interface DecodedBatch<T extends TopicName> {
  readonly accepted: readonly Accepted<T>[];
  /** For `append(…, { parked })`, in the commit that moves the offset. */
  readonly parked: NewParked[];
}

/** Checks and decodes a batch of one of our topics. Never throws: what isn't right comes back as rows to park. */
export function decodeBatch<T extends TopicName>(
  topic: T,
  group: string,
  batch: Pick<Batch, 'messages'>,
): DecodedBatch<T> {
  const accepted: Accepted<T>[] = [];
  const parked: NewParked[] = [];
  for (const message of batch.messages) {
    const decoded = decodeOne(topic, message);
    if (typeof decoded === 'string') parked.push(parkedFrom(group, message, 'decode', decoded));
    else accepted.push(decoded);
  }
  return { accepted, parked };
}

/** One message, decoded, or what is wrong with it. */
export function decodeOne<T extends TopicName>(
  topic: T,
  message: ConsumedMessage,
): Accepted<T> | string {
  const { ce_id: id, ce_type: type, ce_schemaversion: version } = message.headers;
  if (!id) return 'has no ce_id header';
  if (!type) return 'has no ce_type header';
  const misplaced = misplacedKey(message);
  if (misplaced !== undefined) return misplaced;
  const decoded =
    version === undefined
      ? decodeMessage(topic, type, message.value)
      : decodeMessage(topic, type, message.value, Number(version));
  if (!decoded.ok) return `${type}: ${decoded.path || 'the message'} ${decoded.error}`;
  return { ...decoded, message, id };
}

/** Their writers choose key and partition. */
const FOREIGN_KEYS: ReadonlySet<string> = new Set([STOREFRONT_ORDERS, OPERATIONS_COMMANDS]);

/**
 * On our own topics a key's place follows from the key; a message elsewhere would be handled by a lane that doesn't own
 * its payment.
 */
export function misplacedKey({ topic, partition, key }: ConsumedMessage): string | undefined {
  const known = TOPICS.find(({ name }) => name === topic);
  if (known === undefined || FOREIGN_KEYS.has(topic)) return undefined;
  if (!key) return 'has no key';
  const home = partitionOf(key, known.partitions);
  if (home === partition) return undefined;
  return `has the key ${key} of partition ${home} in partition ${partition}`;
}

export interface ParkedRest {
  /** Default `poison`. */
  readonly kind?: NewParked['kind'];
  readonly reference?: string;
  readonly stream?: string;
  /** How often it was tried. Default 1. */
  readonly attempts?: number;
}

/** Headers of ours on a parked row and its dead letter; not part of the message. */
export const OUR_HEADER = 'dead-letter-';
const ATTEMPTS = `${OUR_HEADER}attempts`;

/** A row to park, whose id follows from the message's place: parked twice is parked once. */
export function parkedFrom(
  group: string,
  message: ConsumedMessage,
  stage: Stage,
  error: string,
  rest: ParkedRest = {},
): NewParked {
  const { topic, partition, offset, key, value } = message;
  const { kind = 'poison', attempts = 1, ...more } = rest;
  const headers = { ...message.headers, [ATTEMPTS]: String(attempts) };
  return {
    id: stableId('prk', group, topic, String(partition), String(offset)),
    kind,
    source: sourceOf(group, topic),
    partition,
    offset,
    key,
    value,
    headers,
    stage,
    error,
    ...more,
  };
}

/** A parked row as the message it was, with the operator's correction where there is one. */
export function messageOf(row: ParkedRow): ConsumedMessage {
  const slash = row.source.indexOf('/');
  return {
    topic: row.source.slice(slash + 1),
    partition: row.partition,
    offset: row.offset,
    key: row.key,
    value: row.mended ?? row.value,
    headers: Object.fromEntries(
      Object.entries(row.headers).filter(([name]) => !name.startsWith(OUR_HEADER)),
    ),
    timestamp: String(row.parkedAt.getTime()),
  };
}

/** The usual hook of a consumer: the message becomes a parked row in the commit that moves the offset past it. */
export function parkPoison(log: Pick<EventLog, 'append'>, group: string): PoisonHook {
  return async (message, error, batch, attempts): Promise<Outcome> => {
    const answers = await log.append([], {
      input: inputOf(group, batch),
      parked: [parkedFrom(group, message, 'handle', reasonOf(error), { attempts })],
    });
    return answers.some(({ status }) => status === 'offset_moved') ? 'fenced' : 'committed';
  };
}

/** The compare-and-set of a batch, for `append(…, { input })`. */
export const inputOf = (group: string, { topic, partition, from, to }: Batch) => ({
  source: sourceOf(group, topic),
  partition,
  from,
  to,
});
