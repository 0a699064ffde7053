import { createHash, hash } from 'node:crypto';
import type { Append, LogRow } from './log.js';

/** The hash before a lane's first block. */
export const GENESIS: Buffer = Buffer.alloc(32);

type Optional = 'correlationId' | 'causationId' | 'traceparent';

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
  return sha256Framed(
    [
      String(row.lane),
      row.stream,
      String(row.version),
      row.id,
      row.type,
      String(row.schemaVersion),
      row.source,
      row.time,
      row.correlationId,
      row.causationId,
      row.traceparent,
      row.key,
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
  if (more.length === 0) return sha256Framed(fields, first?.data ?? Buffer.alloc(0));
  for (const { data } of rows) fields.push(String(data.length));
  return sha256Framed(fields, Buffer.concat(rows.map(({ data }) => data)));
}

/** The same formula as in `append.sql`: previous hash, first position as int8, digests in order. */
export function blockHash(previous: Buffer, first: bigint, digests: readonly Buffer[]): Buffer {
  const position = Buffer.allocUnsafe(8);
  position.writeBigInt64BE(first);
  const sha = createHash('sha256').update(previous).update(position);
  for (const digest of digests) sha.update(digest);
  return sha.digest();
}

/**
 * `<bytes>:<text>` for each field, `-` for an absent one, then `<bytes>:` and the data: no two lists
 * of fields give the same bytes. Encoded as one string, as a call per field costs more than the hash.
 */
function sha256Framed(fields: readonly (string | undefined)[], data: Buffer): Buffer {
  let text = '';
  for (const field of fields) text += field === undefined ? '-' : `${field.length}:${field}`;
  text += `${data.length}:`;
  let bytes = Buffer.allocUnsafe(text.length + data.length);
  // Nothing but ASCII has as many bytes as characters, and then the lengths above were right.
  if (Buffer.byteLength(text) !== text.length) {
    text = '';
    for (const field of fields) {
      text += field === undefined ? '-' : `${Buffer.byteLength(field)}:${field}`;
    }
    text += `${data.length}:`;
    bytes = Buffer.allocUnsafe(Buffer.byteLength(text) + data.length);
  }
  const at = bytes.write(text);
  bytes.set(data, at);
  // As text first: asked for a Buffer, it makes one with memory of its own, which takes longer than the hash.
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
}
