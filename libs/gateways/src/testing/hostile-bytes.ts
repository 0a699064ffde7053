import fc from 'fast-check';

const BOM = Buffer.from('efbbbf', 'hex');

/** Bodies that verifiers have been wrong about: none, huge, with a byte order mark, line ends, any text, no text at all. */
export const hostileBody: fc.Arbitrary<Buffer> = fc.oneof(
  fc.constant(Buffer.alloc(0)),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: 'binary', maxLength: 200 }).map((text) => Buffer.from(text)),
  fc.json().map((text) => Buffer.from(text)),
  fc.json().map((text) => Buffer.concat([BOM, Buffer.from(text)])),
  fc.json().map((text) => Buffer.from(`${text}\r\n`)),
  fc.integer({ min: 1, max: 300_000 }).map((length) => Buffer.alloc(length, 'é')),
);

/** A text with anything in it that JSON, UTF-8 or a list of fields could stumble over. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('', '\ufeff', 'é™', '\r\n', '\\', '"', '\u0000', '😀', '\\:', ' '),
);

/** One bit of a body changed; of an empty body, something that was not there. */
export function tampered(body: Buffer, at: number): Buffer {
  if (body.length === 0) return Buffer.from('x');
  const copy = Buffer.from(body);
  const index = at % copy.length;
  copy.writeUInt8(copy.readUInt8(index) ^ 1, index);
  return copy;
}
