import fc from 'fast-check';
import type { LogRow } from '@paylog/event-sourcing';
import { isRow, toRow, toMessage } from './row-message.js';

const text = fc.string({ minLength: 1, unit: 'grapheme' });
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const rows: fc.Arbitrary<LogRow> = fc.record(
  {
    lane: fc.nat(7),
    position: fc.bigInt(0n, 2n ** 63n - 1n),
    stream: text,
    version: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    id: text,
    type: text,
    schemaVersion: fc.integer({ min: 1, max: 99 }),
    source: text,
    time: text,
    key: text,
    digest: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((array) => Buffer.from(array)),
    data: bytes,
    correlationId: fc.string(),
    causationId: fc.string(),
    traceparent: text,
  },
  {
    noNullPrototype: true,
    requiredKeys: [
      'lane',
      'position',
      'stream',
      'version',
      'id',
      'type',
      'schemaVersion',
      'source',
      'time',
      'key',
      'digest',
      'data',
    ],
  },
);

it('every column of a row travels in its message', () => {
  fc.assert(
    fc.property(rows, (row) => {
      const { headers, ...message } = toMessage(row, row.stream);
      const consumed = {
        ...message,
        headers: { ...headers },
        topic: 't',
        offset: 5n,
        timestamp: '0',
      };
      expect(toRow(consumed)).toEqual({ ...row, offset: 5n });
    }),
  );
});

it('refuses a message that no relay wrote', () => {
  const foreign = {
    topic: 't',
    partition: 1,
    offset: 4n,
    key: null,
    value: null,
    headers: {},
    timestamp: '0',
  };
  expect(isRow(foreign)).toBe(false);
  expect(() => toRow(foreign)).toThrow(/t\/1 at offset 4 has no header ce_lane/);
  // Half of a row's headers is no stranger's message: something is wrong, and is said.
  expect(isRow({ ...foreign, headers: { ce_position: '1' } })).toBe(true);
});
