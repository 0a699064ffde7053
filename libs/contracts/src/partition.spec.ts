import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { murmur2, PAYMENT_PARTITIONS, partitionOf } from './partition.js';

const kafkajs = Partitioners.DefaultPartitioner();

function byKafkajs(key: string, partitions: number): number {
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
    partitionId,
    partitionErrorCode: 0,
    leader: 1,
    replicas: [1],
    isr: [1],
    offlineReplicas: [],
  }));
  return kafkajs({ topic: 't', partitionMetadata, message: { key, value: null } });
}

describe('partitionOf', () => {
  // The table of Kafka's own UtilsTest.testMurmur2.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ])('hashes %s as Java does', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
  });

  it('gives the partition kafkajs gives, for any key', () => {
    const keys = fc.string({ unit: 'binary', maxLength: 80 });
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 64 }), (key, partitions) => {
        expect(partitionOf(key, partitions)).toBe(byKafkajs(key, partitions));
      }),
      { numRuns: 1000 },
    );
  });

  it('uses every partition of a payment topic', () => {
    const hit = new Set(Array.from({ length: 500 }, (_, i) => partitionOf(`pay${i}`)));
    expect(hit.size).toBe(PAYMENT_PARTITIONS);
  });
});
