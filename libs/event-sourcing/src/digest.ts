import { createHash, hash } from 'node:crypto';
import type { Append, LogRow } from './log.js';

/** The hash before a lane's first block. */
export const GENESIS: Buffer = Buffer.alloc(32);

type Optional = 'correlationId' | 'causationId' | 'traceparent';
type Place = Pick<LogRow, 'lane' | 'stream' | 'version' | 'key'>;

/** Of a row, all but the position; what is absent may be undefined as well. */
export type DigestedColumns = Omit<LogRow, 'position' | 'digest' | Optional> & {
  [column in Optional]?: string | undefined;
};

/**
 * sha256 over every stored column but the position, each preceded by its length, in this order: a
 * change of the order or of a field's form is a new digest, so neither may ever change. A position
 * is left out because it is known only under the lane's head; the block hash binds it.
 */
export function rowDigest(row: DigestedColumns): Buffer {
  return Buffer.from(rowDigestText(row, row), 'latin1');
}

/** The same as a string, a character a byte. */
export function rowDigestText(place: Place, row: Omit<DigestedColumns, keyof Place>): string {
  return sha256Framed(
    [
      String(place.lane),
      place.stream,
      String(place.version),
      row.id,
      row.type,
      String(row.schemaVersion),
      row.source,
      row.time,
      row.correlationId,
      row.causationId,
      row.traceparent,
      place.key,
    ],
    row.data,
  );
}

/** What two appends with one key must share to be the same: see `Append.contentDigest`. */
export function contentDigest(append: Append): Buffer {
  const { contentDigest: given, rows, stream } = append;
  if (given) return given;
  const [first, ...more] = rows;
  const fields = [stream];
  for (const { id, type, schemaVersion } of rows) fields.push(id, type, String(schemaVersion));
  if (more.length > 0) for (const { data } of rows) fields.push(String(data.length));
  const data = first && more.length === 0 ? first.data : Buffer.concat(rows.map((row) => row.data));
  return Buffer.from(sha256Framed(fields, data), 'latin1');
}

/** The same formula as in `append.sql`: previous hash, first position as int8, digests in order. */
export function blockHash(previous: Buffer, first: bigint, digests: readonly Buffer[]): Buffer {
  const position = Buffer.allocUnsafe(8);
  position.writeBigInt64BE(first);
  const sha = createHash('sha256').update(previous).update(position);
  for (const digest of digests) sha.update(digest);
  return sha.digest();
}

/** Rows seldom need more; used again, because memory of its own for each row takes as long as the hash. */
const scratch = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * `<bytes>:<text>` for each field, `-` for an absent one, then `<bytes>:` and the data: no two lists
 * of fields give the same bytes. Encoded as one string, as a call per field costs more than the hash.
 * A character a byte: asked for a Buffer, the hash makes one with memory of its own, too.
 */
function sha256Framed(fields: readonly (string | undefined)[], data: Buffer): string {
  let text = framed(fields, data, (field) => field.length);
  const room = text.length * 3 + data.length;
  const bytes = room <= scratch.length ? scratch : Buffer.allocUnsafeSlow(room);
  let at = bytes.write(text);
  // Nothing but ASCII has as many bytes as characters, and then the lengths were right.
  if (at !== text.length) {
    text = framed(fields, data, (field) => Buffer.byteLength(field));
    at = bytes.write(text);
  }
  bytes.set(data, at);
  return hash('sha256', bytes.subarray(0, at + data.length), 'binary');
}

function framed(
  fields: readonly (string | undefined)[],
  data: Buffer,
  bytesOf: (field: string) => number,
): string {
  let text = '';
  for (const field of fields) text += field === undefined ? '-' : `${bytesOf(field)}:${field}`;
  return `${text}${data.length}:`;
}
