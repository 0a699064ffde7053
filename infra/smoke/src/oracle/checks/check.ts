import type { Acked, Excuse } from '../../witness.js';
import type { Evidence } from '../evidence.js';

/** What was promised to those outside. */
export interface Promised {
  readonly acked: Acked;
  readonly excuses: readonly Excuse[];
}

/** Compares what is with what must be; a sentence for each difference, none when all is well. */
export type Check = (evidence: Evidence, promised: Promised) => string[];

export function groupedBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** As a log or a person would write it: enough of a digest to find it by. */
export const short = (sha256: string) => sha256.slice(0, 12);

export const moment = (unixMs: number) => new Date(unixMs).toISOString();
