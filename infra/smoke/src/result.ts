import type { Target } from './act.js';
import type { Violation } from './witness.js';

/** What a run found: the last line of the command's stdout. */
export interface Result {
  readonly ok: boolean;
  /** The defence that was taken out of the code under test, if any. */
  readonly sabotage: string | null;
  /** Rounds that were played to their end. */
  readonly rounds: number;
  /** Acts by target. */
  readonly kills: Readonly<Partial<Record<Target, number>>>;
  /** Webhooks, orders and requests that were acknowledged to us. */
  readonly acked: number;
  readonly recoverySeconds: { readonly p50: number; readonly max: number };
  readonly violations: readonly Violation[];
}

/** One figure of many: the middle one, and the worst. */
export function recoveryOf(seconds: readonly number[]): Result['recoverySeconds'] {
  const sorted = seconds.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  const rounded = (value = 0) => Math.round(value * 10) / 10;
  return { p50: rounded(at(0.5)), max: rounded(sorted.at(-1)) };
}
