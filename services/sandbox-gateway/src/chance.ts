import { createHash } from 'node:crypto';

/**
 * Chance that repeats: a number in [0, 1) that follows from the seed and from what it decides about. It does not depend
 * on the order of calls, so concurrent orders misbehave alike in every run.
 */
export function chance(seed: string, ...about: readonly string[]): number {
  const digest = createHash('sha256')
    .update([seed, ...about].join('\u0000'))
    .digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}
