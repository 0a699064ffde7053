import type { LogRow } from '@paylog/event-sourcing';
import { KafkaFault } from './fault.js';
import type { ConsumedMessage } from './message.js';
import type { OutgoingMessage } from './publisher.js';

/*
 * A log row and its message hold the same: every column travels, the payload as value, the rest as headers (CloudEvents
 * 1.0, binary mode, and our own beside them). A log lost with its database is made again from its topic, byte for byte.
 * Stored shapes: a header is added, never renamed.
 */

export function toMessage(row: LogRow, key: string): OutgoingMessage {
  return {
    partition: row.lane,
    key,
    value: row.data,
    headers: {
      ce_specversion: '1.0',
      'content-type': 'application/json',
      ce_id: row.id,
      ce_type: row.type,
      ce_source: row.source,
      ce_time: row.time,
      ce_subject: row.stream,
      ce_schemaversion: String(row.schemaVersion),
      ce_streamversion: String(row.version),
      ce_lane: String(row.lane),
      ce_position: String(row.position),
      ce_key: row.key,
      ce_digest: row.digest.toString('hex'),
      ...optional('traceparent', row.traceparent),
      ...optional('correlationid', row.correlationId),
      ...optional('causationid', row.causationId),
    },
  };
}

/**
 * Whether a relay wrote it. Anybody with the right to write may put something else between the rows: readers park that,
 * and it says nothing about the log.
 */
export function isRow({ headers }: ConsumedMessage): boolean {
  return headers['ce_position'] !== undefined || headers['ce_digest'] !== undefined;
}

export function toRow(message: ConsumedMessage): LogRow & { offset: bigint } {
  const header = (name: string): string => {
    const value = message.headers[name];
    if (value !== undefined) return value;
    const place = `${message.topic}/${message.partition} at offset ${message.offset}`;
    const why = `${place} has no header ${name}: only this log's relay may write to this topic`;
    throw new KafkaFault('not_a_log_row', 'read', false, why);
  };
  const { traceparent, correlationid, causationid } = message.headers;
  return {
    lane: Number(header('ce_lane')),
    position: BigInt(header('ce_position')),
    stream: header('ce_subject'),
    version: Number(header('ce_streamversion')),
    id: header('ce_id'),
    type: header('ce_type'),
    schemaVersion: Number(header('ce_schemaversion')),
    source: header('ce_source'),
    time: header('ce_time'),
    key: header('ce_key'),
    digest: Buffer.from(header('ce_digest'), 'hex'),
    data: message.value ?? Buffer.alloc(0),
    offset: message.offset,
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(correlationid === undefined ? {} : { correlationId: correlationid }),
    ...(causationid === undefined ? {} : { causationId: causationid }),
  };
}

const optional = (name: string, value: string | undefined): Record<string, string> =>
  value === undefined ? {} : { [name]: value };
