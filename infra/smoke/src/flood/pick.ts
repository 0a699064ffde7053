import type { Random } from '../random.js';

/** One of them, each as often as its weight says. */
export function pick<T>(weighted: readonly (readonly [number, T])[], random: Random): T {
  const total = weighted.reduce((sum, [weight]) => sum + weight, 0);
  let at = random() * total;
  const found = weighted.find(([weight]) => (at -= weight) < 0) ?? weighted[0];
  if (found === undefined) throw new RangeError('there is nothing to pick from');
  return found[1];
}
