/*
 * Kafka's record format (v2) written by one pass into one buffer. kafkajs makes two or three buffers for each header and
 * copies each of them; with the sixteen headers of a log's row that was most of what a relay did.
 * https://kafka.apache.org/documentation/#record
 */

type Bytes = string | Buffer | null | undefined;

export interface RecordFields {
  readonly offsetDelta?: number;
  readonly timestampDelta?: number;
  readonly key?: Bytes;
  readonly value?: Bytes;
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** What kafkajs looks at of an encoded record. */
export interface EncodedRecord {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

/** A varint has at most five bytes, a character at most three. */
const VARINT_BYTES_MAX = 5;
const SMALL = 2 ** 30;
/** More is kept for one record only. */
const SCRATCH_BYTES = 64 * 1024;
const HEADER_NAMES_MAX = 1_000;

const scratch = Buffer.allocUnsafe(SCRATCH_BYTES);
/** Names of headers with their length before them: there are few, and they come again and again. */
const names = new Map<string, Buffer>();

/** Undefined for what is not plain (lists of values, huge time differences): kafkajs's own function does that. */
export function encodeRecord(record: RecordFields): EncodedRecord | undefined {
  const { offsetDelta = 0, timestampDelta = 0, key, value, headers = {} } = record;
  if (!isSmall(offsetDelta) || !isSmall(timestampDelta)) return undefined;
  let room = roomFor(key) + roomFor(value) + 5 * VARINT_BYTES_MAX;
  let count = 0;
  for (const name in headers) {
    const header = headers[name];
    if (typeof header !== 'string' && !Buffer.isBuffer(header)) return undefined;
    room += nameOf(name).length + roomFor(header);
    count += 1;
  }
  const bytes = room <= SCRATCH_BYTES ? scratch : Buffer.allocUnsafe(room);
  // The length comes first and is known last: room is left for it.
  let at = VARINT_BYTES_MAX;
  bytes[at] = 0; // No attribute is in use.
  at = writeVarint(bytes, at + 1, timestampDelta);
  at = writeVarint(bytes, at, offsetDelta);
  at = writeBytes(bytes, at, key);
  at = writeBytes(bytes, at, value);
  at = writeVarint(bytes, at, count);
  for (const name in headers) {
    const encoded = nameOf(name);
    bytes.set(encoded, at);
    at = writeBytes(bytes, at + encoded.length, headers[name] as string | Buffer);
  }
  const length = at - VARINT_BYTES_MAX;
  const start = VARINT_BYTES_MAX - varintBytes(length);
  writeVarint(bytes, start, length);
  const buffer = Buffer.allocUnsafe(at - start);
  bytes.copy(buffer, 0, start, at);
  return { buf: buffer, buffer };
}

const isSmall = (value: number): boolean =>
  Number.isInteger(value) && value < SMALL && value > -SMALL;

function roomFor(value: Bytes): number {
  if (value === null || value === undefined) return VARINT_BYTES_MAX;
  return VARINT_BYTES_MAX + value.length * (typeof value === 'string' ? 3 : 1);
}

function nameOf(name: string): Buffer {
  const known = names.get(name);
  if (known) return known;
  const bytes = Buffer.allocUnsafe(roomFor(name));
  const encoded = bytes.subarray(0, writeBytes(bytes, 0, name));
  if (names.size < HEADER_NAMES_MAX) names.set(name, encoded);
  return encoded;
}

function writeBytes(bytes: Buffer, at: number, value: Bytes): number {
  if (value === null || value === undefined) return writeVarint(bytes, at, -1);
  if (typeof value !== 'string') {
    const from = writeVarint(bytes, at, value.length);
    bytes.set(value, from);
    return from + value.length;
  }
  const ascii = writeAscii(bytes, at, value);
  if (ascii > 0) return ascii;
  const from = writeVarint(bytes, at, Buffer.byteLength(value));
  return from + bytes.write(value, from);
}

/** Short text is faster written here than by a call into C++. 0 when it is not short, or not ASCII. */
function writeAscii(bytes: Buffer, at: number, text: string): number {
  const { length } = text;
  if (length > 64) return 0;
  let to = writeVarint(bytes, at, length);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return 0;
    bytes[to++] = code;
  }
  return to;
}

/** Zigzag, then seven bits a byte. */
function writeVarint(bytes: Buffer, at: number, value: number): number {
  let rest = (value << 1) ^ (value >> 31);
  let to = at;
  while (rest & ~0x7f) {
    bytes[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[to++] = rest;
  return to;
}

/** Of a length, which is never negative. */
function varintBytes(length: number): number {
  let bytes = 1;
  for (let rest = length >>> 6; rest > 0; rest >>>= 7) bytes += 1;
  return bytes;
}

/** Castagnoli's polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;
const EIGHT = 8;

/** `tables[n][b]`: the checksum of byte b with n zero bytes behind it. */
const tables: readonly Int32Array[] = checksumTables();

function checksumTables(): Int32Array[] {
  const all = Array.from({ length: EIGHT }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let checksum = byte;
    for (let bit = 0; bit < 8; bit++) {
      checksum = checksum & 1 ? (checksum >>> 1) ^ POLYNOMIAL : checksum >>> 1;
    }
    (all[0] as Int32Array)[byte] = checksum;
  }
  for (let n = 1; n < EIGHT; n++) {
    for (let byte = 0; byte < 256; byte++) {
      const before = all[n - 1]?.[byte] ?? 0;
      (all[n] as Int32Array)[byte] = (before >>> 8) ^ (all[0]?.[before & 0xff] ?? 0);
    }
  }
  return all;
}

/** CRC-32C, eight bytes at a time ("slicing by 8"): four times as fast as byte by byte. */
export function crc32c(bytes: Buffer): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as unknown as Eight<Int32Array>;
  const { length } = bytes;
  let crc = -1;
  let at = 0;
  for (; at + EIGHT <= length; at += EIGHT) {
    const low =
      crc ^
      (byteAt(bytes, at) |
        (byteAt(bytes, at + 1) << 8) |
        (byteAt(bytes, at + 2) << 16) |
        (byteAt(bytes, at + 3) << 24));
    crc =
      entry(t7, low & 0xff) ^
      entry(t6, (low >>> 8) & 0xff) ^
      entry(t5, (low >>> 16) & 0xff) ^
      entry(t4, low >>> 24) ^
      entry(t3, byteAt(bytes, at + 4)) ^
      entry(t2, byteAt(bytes, at + 5)) ^
      entry(t1, byteAt(bytes, at + 6)) ^
      entry(t0, byteAt(bytes, at + 7));
  }
  for (; at < length; at++) crc = entry(t0, (crc ^ byteAt(bytes, at)) & 0xff) ^ (crc >>> 8);
  return ~crc >>> 0;
}

type Eight<T> = readonly [T, T, T, T, T, T, T, T];

const byteAt = (bytes: Buffer, at: number): number => bytes[at] as number;
const entry = (table: Int32Array, at: number): number => table[at] as number;
