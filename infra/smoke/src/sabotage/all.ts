import Table from 'cli-table3';
import type { Result } from '../result.js';
import { crashTest } from '../run.js';
import type { Violation } from '../witness.js';
import { playSabotaged, type PlayOptions } from './play.js';
import { type Switch, SWITCHES } from './switches.js';

/** What became of one switch. */
export interface Tried {
  readonly name: string;
  readonly caught: boolean;
  /** The broken promises that the defence keeps. */
  readonly caughtBy: readonly string[];
  /** What else was broken in the same round: one broken promise often takes others with it. */
  readonly alsoBroken: readonly string[];
  /** In which it was caught; the last one, if it was not. */
  readonly round: number;
  readonly seconds: number;
}

/** The last line of `crash-test --sabotage-all --json`. */
export interface AllTried {
  readonly ok: boolean;
  readonly seed: number;
  /** The same seed, with nothing taken out. */
  readonly clean: Pick<Result, 'ok' | 'rounds' | 'acked' | 'violations'> & { seconds: number };
  readonly switches: readonly Tried[];
}

/** A clean run, then one of each switch. A test that can't fail is none: every switch must be caught. */
export async function playAll(options: PlayOptions): Promise<AllTried> {
  const [clean, seconds] = await timed(() => crashTest({ ...options, brokers: 1 }));
  const switches: Tried[] = [];
  for (const one of SWITCHES) {
    options.signal?.throwIfAborted();
    const [result, took] = await timed(() => playSabotaged(one.name, options));
    switches.push(tried(one, result, took));
  }
  const { ok, rounds, acked, violations } = clean;
  return {
    ok: ok && switches.every(({ caught }) => caught),
    seed: options.seed,
    clean: { ok, rounds, acked, violations, seconds },
    switches,
  };
}

/** Caught is only what broke a promise that the defence keeps: anything else is an accident. */
export function tried(
  { name, caughtBy }: Pick<Switch, 'name' | 'caughtBy'>,
  { violations, rounds }: Pick<Result, 'violations' | 'rounds'>,
  seconds: number,
): Tried {
  const broken = new Set(violations.map(({ invariant }) => invariant));
  const kept = new Set(caughtBy);
  const by = [...broken].filter((each) => kept.has(each));
  const also = [...broken].filter((each) => !kept.has(each));
  return { name, caught: by.length > 0, caughtBy: by, alsoBroken: also, round: rounds, seconds };
}

/** For people: one line a run. */
export function tableOf({ clean, switches }: AllTried): string {
  const table = new Table({
    head: ['switch', 'caught by', 'round', 'seconds'],
    style: { head: [], border: [] },
  });
  table.push(['(none)', names(clean.violations) || 'nothing found', clean.rounds, clean.seconds]);
  for (const { name, caught, caughtBy, alsoBroken, round, seconds } of switches) {
    const missed = ['NOT CAUGHT', ...alsoBroken].join(', ');
    table.push([name, caught ? caughtBy.join(', ') : missed, round, seconds]);
  }
  return table.toString();
}

const names = (violations: readonly Violation[]) =>
  violations.map(({ invariant }) => invariant).join(', ');

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const from = Date.now();
  const result = await work();
  return [result, Math.round((Date.now() - from) / 1_000)];
}
