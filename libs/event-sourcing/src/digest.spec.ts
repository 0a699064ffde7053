import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { blockHash, contentDigest, GENESIS, rowDigest } from './digest.js';
import type { LogRow } from './log.js';

const row: Omit<LogRow, 'position' | 'digest'> = {
  lane: 3,
  stream: 'payment-pay1',
  version: 2,
  id: 'fct1',
  type: 'CaptureSucceeded',
  schemaVersion: 1,
  source: 'payment-state',
  time: '2026-01-01T00:00:00Z',
  causationId: 'evt-ü',
  key: 'fct1',
  data: Buffer.from('{"minor":"100"}'),
};

test('a row digest is sha256 over length-prefixed columns, which anybody can recompute', () => {
  const framed =
    '1:312:payment-pay11:24:fct116:CaptureSucceeded1:113:payment-state20:2026-01-01T00:00:00Z' +
    '-6:evt-ü-4:fct115:{"minor":"100"}';
  expect(rowDigest(row)).toEqual(createHash('sha256').update(framed).digest());
});

test('every column but the position changes the digest', () => {
  const changed: Partial<LogRow>[] = [
    { lane: 4 },
    { stream: 'payment-pay2' },
    { version: 3 },
    { id: 'fct2' },
    { type: 'CaptureRefused' },
    { schemaVersion: 2 },
    { source: 'intent' },
    { time: '2026-01-01T00:00:01Z' },
    { correlationId: '' },
    { causationId: 'evt-u' },
    { traceparent: '00-1' },
    { key: 'fct2' },
    { data: Buffer.from('{"minor":"101"}') },
  ];
  const digests = [row, ...changed.map((change) => ({ ...row, ...change }))].map(rowDigest);
  expect(new Set(digests.map(String)).size).toBe(changed.length + 1);
});

test('moving text from one column to the next never gives the same digest', () => {
  const text = fc.string({ unit: 'binary', maxLength: 12 });
  fc.assert(
    fc.property(text, text, fc.nat(12), (a, b, cut) => {
      const all = a + b;
      const moved = { ...row, id: all.slice(0, cut), type: all.slice(cut) };
      const same = moved.id === a && moved.type === b;
      expect(rowDigest(moved).equals(rowDigest({ ...row, id: a, type: b }))).toBe(same);
    }),
  );
});

test('content is the stream and what the rows say, not when or at which version', () => {
  const rows = [{ ...row, time: 'earlier', traceparent: '00-1' }];
  const base = { lane: 3, stream: 's', expectedVersion: 0, key: 'k', rows: [row] };
  const digest = contentDigest(base);
  expect(contentDigest({ ...base, expectedVersion: 7, rows })).toEqual(digest);
  expect(contentDigest({ ...base, stream: 't' })).not.toEqual(digest);
  expect(contentDigest({ ...base, rows: [row, row] })).not.toEqual(digest);
});

test('a block hash binds its place in the lane', () => {
  const digests = [rowDigest(row)];
  expect(blockHash(GENESIS, 0n, digests)).not.toEqual(blockHash(GENESIS, 1n, digests));
});
