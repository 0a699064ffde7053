import { operationIdOf } from './ids.js';
import { partitionOf } from './partition.js';
import { operationId, partitionOf as shipped } from '@paylog/contracts';
import fc from 'fast-check';

describe('what follows from a key', () => {
  it('is the partition that Kafka’s own client chooses', () => {
    // Hashes from Kafka's UtilsTest.
    const known: [string, number][] = [
      ['21', -973932308],
      ['foobar', -790332482],
      ['a-little-bit-long-string', -985981536],
      ['a-little-bit-longer-string', -1486304829],
      ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
      ['abc', 479470107],
    ];
    for (const [key, hash] of known) {
      expect(partitionOf(key, 2 ** 31)).toBe(hash & 0x7fffffff);
    }
  });

  it('is the same as the services say, though made by other code', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 99 }), (key, count) => {
        expect(partitionOf(key, count)).toBe(shipped(key, count));
      }),
    );
    fc.assert(
      fc.property(fc.string(), fc.string(), (payment, reference) => {
        for (const kind of ['capture', 'refund'] as const) {
          expect(operationIdOf(payment, kind, reference)).toBe(
            operationId(payment, kind, reference),
          );
        }
      }),
    );
  });
});
