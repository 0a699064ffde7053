import type { LogRow } from './log.js';

/** A row as node-postgres gives it. */
export interface StoredRow {
  lane: number;
  position: string;
  stream: string;
  version: number;
  id: string;
  type: string;
  schema_version: number;
  source: string;
  time: string;
  correlation_id: string | null;
  causation_id: string | null;
  traceparent: string | null;
  key: string;
  data: Buffer;
  digest: Buffer;
}

export function toLogRow(stored: StoredRow): LogRow {
  const row: LogRow = {
    lane: stored.lane,
    position: BigInt(stored.position),
    stream: stored.stream,
    version: stored.version,
    id: stored.id,
    type: stored.type,
    schemaVersion: stored.schema_version,
    source: stored.source,
    time: stored.time,
    key: stored.key,
    data: stored.data,
    digest: stored.digest,
  };
  if (stored.correlation_id !== null) row.correlationId = stored.correlation_id;
  if (stored.causation_id !== null) row.causationId = stored.causation_id;
  if (stored.traceparent !== null) row.traceparent = stored.traceparent;
  return row;
}
