/** The partition of a key: Kafka's murmur2 of its UTF-8 bytes without the sign, modulo the partitions. */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key, 'utf8')) & 0x7fffffff) % partitions;
}

/** As `org.apache.kafka.common.utils.Utils.murmur2` describes it, in 32-bit arithmetic. */
function murmur2(bytes: Buffer): number {
  const multiply = (a: number, b: number) => Math.imul(a, b) | 0;
  const MIX = 0x5bd1e995;
  let hash = (0x9747b28c ^ bytes.length) | 0;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    const word = multiply(bytes.readInt32LE(at), MIX);
    hash = multiply(hash, MIX) ^ multiply(word ^ (word >>> 24), MIX);
  }
  const rest = bytes.subarray(at);
  if (rest.length > 0) {
    for (const [index, byte] of rest.entries()) hash ^= byte << (8 * index);
    hash = multiply(hash, MIX);
  }
  hash = multiply(hash ^ (hash >>> 13), MIX);
  return hash ^ (hash >>> 15);
}
