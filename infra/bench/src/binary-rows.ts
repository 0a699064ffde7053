/** A value of COPY's binary format; absent is null. */
export type Field = Buffer | undefined;

const HEADER = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const TRAILER = Buffer.from([0xff, 0xff]);
const CHUNK_BYTES = 256 * 1024;

export const text = (value: string): Buffer => Buffer.from(value);

export function int4(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function int8(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

/** Tuples as `copy … from stdin (format binary)` reads them, in chunks of a few hundred kB. */
export function* binaryCopy(tuples: Iterable<readonly Field[]>): Generator<Buffer> {
  let open: Buffer[] = [HEADER];
  let bytes = HEADER.length;
  for (const fields of tuples) {
    const tuple = encodeTuple(fields);
    open.push(tuple);
    bytes += tuple.length;
    if (bytes >= CHUNK_BYTES) {
      yield Buffer.concat(open, bytes);
      [open, bytes] = [[], 0];
    }
  }
  yield Buffer.concat([...open, TRAILER]);
}

function encodeTuple(fields: readonly Field[]): Buffer {
  let length = 2;
  for (const field of fields) length += 4 + (field?.length ?? 0);
  const tuple = Buffer.allocUnsafe(length);
  let at = tuple.writeInt16BE(fields.length);
  for (const field of fields) {
    at = tuple.writeInt32BE(field?.length ?? -1, at);
    if (field) {
      tuple.set(field, at);
      at += field.length;
    }
  }
  return tuple;
}
