import { FLUSH_APPENDS_MAX, FLUSH_BYTES_MAX } from '@paylog/event-sourcing';
import type { KafkaMessage } from 'kafkajs';

/** A message as our code sees it: text keys and headers, raw value, and the place it came from. */
export interface ConsumedMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, string>;
  /** Milliseconds since 1970, as the broker stored them. */
  readonly timestamp: string;
}

/**
 * A run of messages of one partition. `from` is the offset expected next before it, `to` the one after it; both go
 * into the compare-and-set of the stored offset, so gaps in between (compaction, control records) are stepped over.
 */
export interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly ConsumedMessage[];
  readonly from: bigint;
  readonly to: bigint;
}

/** What a handler reports: its commit stands, or another process had moved the offset and nothing was written. */
export type Outcome = 'committed' | 'fenced';

/** The limits of one flush of an event log: a batch for a handler never exceeds them (one message may). */
export const BATCH_MESSAGES_MAX = FLUSH_APPENDS_MAX;
export const BATCH_BYTES_MAX = FLUSH_BYTES_MAX;

export function toConsumed(
  topic: string,
  partition: number,
  message: Pick<KafkaMessage, 'key' | 'value' | 'headers' | 'offset' | 'timestamp'>,
): ConsumedMessage {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers ?? {})) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) headers[name] = first.toString();
  }
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    key: message.key === null ? null : message.key.toString(),
    value: message.value,
    headers,
    timestamp: message.timestamp,
  };
}

const sizeOf = ({ key, value, headers }: ConsumedMessage): number => {
  let bytes = (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, text] of Object.entries(headers)) bytes += name.length + text.length;
  return bytes;
};

/** Cuts a fetched run into batches a handler can commit at once. The last one reaches to `batch.to`. */
export function slices(batch: Batch): Batch[] {
  const result: Batch[] = [];
  let from = batch.from;
  let messages: ConsumedMessage[] = [];
  let bytes = 0;
  const cut = (to: bigint) => {
    result.push({ ...batch, messages, from, to });
    [from, messages, bytes] = [to, [], 0];
  };
  for (const message of batch.messages) {
    const size = sizeOf(message);
    const full = messages.length === BATCH_MESSAGES_MAX || bytes + size > BATCH_BYTES_MAX;
    if (full && messages.length > 0) cut(message.offset);
    messages.push(message);
    bytes += size;
  }
  if (messages.length > 0) cut(batch.to);
  return result;
}

/** Two halves that together move the offset exactly as the whole would have. */
export function halves(batch: Batch): [Batch, Batch] {
  const middle = Math.ceil(batch.messages.length / 2);
  const left = batch.messages.slice(0, middle);
  const right = batch.messages.slice(middle);
  const first = right[0];
  if (first === undefined) throw new RangeError('a batch of one message has no halves');
  return [
    { ...batch, messages: left, to: first.offset },
    { ...batch, messages: right, from: first.offset },
  ];
}

/** The name under which a group's offset and parked rows of a topic are stored. */
export const sourceOf = (group: string, topic: string): string => `${group}/${topic}`;
