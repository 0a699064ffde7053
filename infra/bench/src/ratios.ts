import type { Measured } from './measured.js';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** What a ratio compares: rows a second (ours by theirs), or the median latency (theirs by ours). */
export type Compared = 'throughput' | 'latency';

interface Rounds {
  readonly key: string;
  readonly role: 'ours' | 'peer' | 'limit';
  readonly group: string;
  readonly rounds: readonly Measured[];
}

/**
 * Ours beside each peer and limit of its group, round by round: the two figures of a ratio are of the same round, so
 * that a machine which is slow for a while is slow for both.
 */
export function ratiosOf(figures: readonly Rounds[], compares: Compared): Record<string, Spread> {
  const ratios: Record<string, Spread> = {};
  for (const theirs of figures) {
    if (theirs.role === 'ours') continue;
    const ours = figures.find(({ role, group }) => role === 'ours' && group === theirs.group);
    if (!ours) throw new Error(`nothing of ours is in the group of ${theirs.key}`);
    const perRound = theirs.rounds.map((their, i) => {
      const our = ours.rounds[i];
      if (!our) throw new Error(`${ours.key} lacks round ${i + 1}`);
      return ratioOf(our, their, compares);
    });
    ratios[theirs.key] = spreadOf(perRound);
  }
  return ratios;
}

function ratioOf(ours: Measured, theirs: Measured, compares: Compared): number {
  if (compares === 'throughput') {
    return ours.rows / ours.seconds / (theirs.rows / theirs.seconds);
  }
  return (theirs.latencyMs?.p50 ?? Number.NaN) / (ours.latencyMs?.p50 ?? Number.NaN);
}

/** Four significant digits are more than any of these figures has. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return { median: rounded(median), min: rounded(at(0)), max: rounded(at(sorted.length - 1)) };
}

const rounded = (value: number): number => Number(value.toPrecision(4));
