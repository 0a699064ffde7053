const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

/** Partitions of every payment-keyed topic of this version; another count is another topic version and a rebuild. */
export const PAYMENT_PARTITIONS = 8;

/** The partition Java's default partitioner (and kafkajs's `DefaultPartitioner`) gives to a key. */
export function partitionOf(key: string, partitions: number = PAYMENT_PARTITIONS): number {
  return (murmur2(Buffer.from(key, 'utf8')) & 0x7fffffff) % partitions;
}

/** Kafka's murmur2 (`org.apache.kafka.common.utils.Utils.murmur2`), as a signed 32-bit integer. */
export function murmur2(data: Uint8Array): number {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const whole = bytes.length - (bytes.length % 4);
  let h = SEED ^ bytes.length;
  for (let i = 0; i < whole; i += 4) {
    let k = Math.imul(bytes.readInt32LE(i), M);
    k = Math.imul(k ^ (k >>> R), M);
    h = Math.imul(h, M) ^ k;
  }
  if (bytes.length > whole) {
    h = Math.imul(h ^ bytes.readUIntLE(whole, bytes.length - whole), M);
  }
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}
