import { createRequire } from 'node:module';
import fc from 'fast-check';
import { crc32c, encodeRecord, type RecordFields } from './record-encoding.js';

const inside = createRequire(__filename);
const stock = inside('kafkajs/src/protocol/recordBatch/record/v0') as (record: RecordFields) => {
  buffer: Buffer;
};
const stockChecksum = inside('kafkajs/src/protocol/recordBatch/crc32C') as (
  bytes: Buffer,
) => number;

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 300 }));
const buffer = fc.uint8Array({ maxLength: 3_000 }).map((bytes) => Buffer.from(bytes));
const bytes = fc.oneof(text, buffer, fc.constant(null));

test('a record is encoded to the byte as kafkajs does it', () => {
  const record = fc.record({
    offsetDelta: fc.nat(100_000),
    timestampDelta: fc.integer({ min: -1_000_000, max: 1_000_000 }),
    key: bytes,
    value: bytes,
    headers: fc.dictionary(text, fc.oneof(text, buffer), { maxKeys: 20 }),
  });
  fc.assert(
    fc.property(record, (one) => {
      expect(encodeRecord(one)?.buffer.equals(stock(one).buffer)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test('so is one that is larger than usual, and one without anything', () => {
  for (const value of ['€'.repeat(100_000), Buffer.alloc(1_000_000, 7), '']) {
    const record = { key: 'k', value, headers: { ce_id: 'x'.repeat(70_000), other: '' } };
    expect(encodeRecord(record)?.buffer.equals(stock(record).buffer)).toBe(true);
  }
  expect(encodeRecord({})?.buffer.equals(stock({}).buffer)).toBe(true);
});

test('what is not plain is left to kafkajs', () => {
  expect(encodeRecord({ headers: { list: ['a', 'b'] } })).toBeUndefined();
  expect(encodeRecord({ headers: { nothing: null } })).toBeUndefined();
  expect(encodeRecord({ timestampDelta: 2 ** 40 })).toBeUndefined();
  expect(encodeRecord({ timestampDelta: Number.NaN })).toBeUndefined();
});

test('the checksum is CRC-32C', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  fc.assert(fc.property(buffer, (some) => expect(crc32c(some)).toBe(stockChecksum(some))));
});
