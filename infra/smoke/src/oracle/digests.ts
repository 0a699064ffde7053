import { createHash } from 'node:crypto';

/*
 * The log's digests, made from their description in libs/event-sourcing/README.md and section 6 of the design. Code of
 * its own, on purpose: a mistake in the services' can't hide here.
 */

export interface DigestedColumns {
  readonly lane: string;
  readonly stream: string;
  readonly version: string;
  readonly id: string;
  readonly type: string;
  readonly schemaVersion: string;
  readonly source: string;
  readonly time: string;
  readonly correlationId: string | undefined;
  readonly causationId: string | undefined;
  readonly traceparent: string | undefined;
  readonly key: string;
  readonly data: Buffer;
}

/** Hex. Each column as `<bytes>:<content>`, an absent one as `-`, the data last. */
export function digestOf(row: DigestedColumns): string {
  const texts = [
    row.lane,
    row.stream,
    row.version,
    row.id,
    row.type,
    row.schemaVersion,
    row.source,
    row.time,
    row.correlationId,
    row.causationId,
    row.traceparent,
    row.key,
  ];
  const framed = texts.map((text) =>
    text === undefined ? '-' : `${Buffer.byteLength(text)}:${text}`,
  );
  return createHash('sha256')
    .update(`${framed.join('')}${row.data.length}:`)
    .update(row.data)
    .digest('hex');
}

/** The same in SQL, over a row `r` of a log, so that only the digest travels. */
export const DIGEST_SQL = (() => {
  const frame = (text: string) => `coalesce(octet_length(${text}) || ':' || ${text}, '-')`;
  const columns = [
    'r.lane::text',
    'r.stream',
    'r.version::text',
    'r.id',
    'r.type',
    'r.schema_version::text',
    'r.source',
    'r.time',
    'r.correlation_id',
    'r.causation_id',
    'r.traceparent',
    'r.key',
  ];
  const text = `${columns.map(frame).join(' || ')} || octet_length(r.data) || ':'`;
  return `encode(sha256(convert_to(${text}, 'UTF8') || r.data), 'hex')`;
})();

/** What comes before the first block of a lane. Hex. */
export const GENESIS = '00'.repeat(32);

/** Hex. The previous hash, the first position as a big-endian int8, the rows' digests in order. */
export function blockHashOf(previous: string, first: number, digests: readonly string[]): string {
  const position = Buffer.alloc(8);
  position.writeBigInt64BE(BigInt(first));
  const sha = createHash('sha256').update(Buffer.from(previous, 'hex')).update(position);
  for (const digest of digests) sha.update(Buffer.from(digest, 'hex'));
  return sha.digest('hex');
}
