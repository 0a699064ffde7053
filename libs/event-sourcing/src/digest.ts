import { createHash, hash } from 'node:crypto';
import type { Append, LogRow } from './log.js';

/** The hash before a lane's first block. */
export const GENESIS = Buffer.alloc(32);

/**
 * sha256 over every stored column but the position, in this order: a change of the order or of a
 * field's form is a new digest, so neither may ever change. A position is left out because it is
 * known only under the lane's head; the block hash binds it.
 */
export function rowDigest(row: Omit<LogRow, 'position' | 'digest'>): Buffer {
  return sha256Framed([
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
    row.data,
  ]);
}

/** What two appends with one key must share to be the same: see `Append.contentDigest`. */
export function contentDigest(append: Append): Buffer {
  if (append.contentDigest) return append.contentDigest;
  const fields: (string | Buffer)[] = [append.stream];
  for (const row of append.rows) {
    fields.push(row.id, row.type, String(row.schemaVersion), row.data);
  }
  return sha256Framed(fields);
}

/** The same formula as in `append.sql`: previous hash, first position as int8, digests in order. */
export function blockHash(previous: Buffer, first: bigint, digests: readonly Buffer[]): Buffer {
  const position = Buffer.allocUnsafe(8);
  position.writeBigInt64BE(first);
  const sha = createHash('sha256').update(previous).update(position);
  for (const digest of digests) sha.update(digest);
  return sha.digest();
}

const ABSENT = 0xffffffff;

/** Each field is preceded by its length, so no two lists of fields give the same bytes. */
function sha256Framed(fields: readonly (string | Buffer | undefined)[]): Buffer {
  let size = 0;
  for (const field of fields) size += 4 + (field === undefined ? 0 : Buffer.byteLength(field));
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const field of fields) {
    if (field === undefined) {
      at = bytes.writeUInt32BE(ABSENT, at);
    } else if (typeof field === 'string') {
      const length = bytes.write(field, at + 4);
      bytes.writeUInt32BE(length, at);
      at += 4 + length;
    } else {
      at = bytes.writeUInt32BE(field.length, at);
      bytes.set(field, at);
      at += field.length;
    }
  }
  return hash('sha256', bytes, 'buffer');
}
