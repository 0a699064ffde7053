// Arrays in Postgres's binary format. node-postgres sends a Buffer as binary, whatever its type, so
// that bytes travel as they are (its own arrays are text: two hex digits a byte, every string
// escaped) and one prepared statement serves every batch size.

const OID = { bytea: 17, int8: 20, int4: 23, text: 25 } as const;
const HEADER_BYTES = 20;

export function int4Array(values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + values.length * 8);
  let at = writeHeader(bytes, OID.int4, values.length);
  for (const value of values) {
    at = bytes.writeInt32BE(4, at);
    at = bytes.writeInt32BE(value, at);
  }
  return bytes.subarray(0, at);
}

export function int8Array(values: readonly bigint[]): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + values.length * 12);
  let at = writeHeader(bytes, OID.int8, values.length);
  for (const value of values) {
    at = bytes.writeInt32BE(8, at);
    at = bytes.writeBigInt64BE(value, at);
  }
  return bytes.subarray(0, at);
}

/** Undefined becomes null. */
export function textArray(values: readonly (string | undefined)[]): Buffer {
  let room = HEADER_BYTES;
  for (const value of values) room += 4 + (value === undefined ? 0 : value.length * 3);
  const bytes = Buffer.allocUnsafe(room);
  let at = writeHeader(bytes, OID.text, values.length);
  for (const value of values) {
    if (value === undefined) {
      at = bytes.writeInt32BE(-1, at);
    } else {
      const length = bytes.write(value, at + 4);
      bytes.writeInt32BE(length, at);
      at += 4 + length;
    }
  }
  return bytes.subarray(0, at);
}

/** Undefined becomes null. */
export function byteaArray(values: readonly (Buffer | undefined)[]): Buffer {
  let room = HEADER_BYTES;
  for (const value of values) room += 4 + (value?.length ?? 0);
  const bytes = Buffer.allocUnsafe(room);
  let at = writeHeader(bytes, OID.bytea, values.length);
  for (const value of values) {
    at = bytes.writeInt32BE(value?.length ?? -1, at);
    if (value === undefined) continue;
    bytes.set(value, at);
    at += value.length;
  }
  return bytes.subarray(0, at);
}

/** Dimensions, "may hold nulls", element type, then length and lower bound of the one dimension. */
function writeHeader(bytes: Buffer, oid: number, length: number): number {
  bytes.writeInt32BE(length === 0 ? 0 : 1, 0);
  bytes.writeInt32BE(1, 4);
  bytes.writeInt32BE(oid, 8);
  if (length === 0) return 12;
  bytes.writeInt32BE(length, 12);
  bytes.writeInt32BE(1, 16);
  return HEADER_BYTES;
}
