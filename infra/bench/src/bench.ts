import { performance } from 'node:perf_hooks';
import { probeDisk } from './disk.js';
import type { Measured } from './measured.js';
import { spreadOf, ratiosOf, type Compared, type Spread } from './ratios.js';

/** One that is measured: ours, who else could be taken, or what the bare primitive can do. */
export interface Contender {
  /** Names it in the result: holds the word by which `judge` finds it, such as `copy`. */
  readonly key: string;
  readonly role: 'ours' | 'peer' | 'limit';
  /** Where there are several of ours, each with its own peers: those of one group are compared. */
  readonly group?: string;
  /** The same work each time, from the same beginning. Only what `seconds` says is in the clock. */
  round(): Promise<Measured>;
}

export interface BenchOptions {
  /** How many rounds count. */
  readonly rounds: number;
  /** How many rows a round; the bench's own default where it is not given. */
  readonly rows?: number;
  /** Where progress and the state of the disk go. */
  say(line: string): void;
}

export interface OpenBench {
  readonly contenders: readonly Contender[];
  close(): Promise<void>;
}

/** A bench whose contenders run in interleaved rounds. */
export interface Bench {
  readonly name: string;
  /** One line for `--help`. */
  readonly about: string;
  /** What a ratio compares: rows a second, or the median latency. */
  readonly compares: Compared;
  open(options: BenchOptions): Promise<OpenBench>;
}

/** A bench of another shape, such as one that asks how cost grows: makes its own result. */
export interface SpecialBench {
  readonly name: string;
  readonly about: string;
  run(options: BenchOptions): Promise<BenchReport>;
}

/** What is printed as JSON, and for people what `table` makes of it. */
export interface BenchReport {
  readonly result: object;
  readonly table: string;
}

/** All rounds of one contender that count. */
export interface Figures {
  readonly key: string;
  readonly role: Contender['role'];
  readonly group: string;
  readonly rounds: readonly Measured[];
}

export interface BenchResult {
  readonly name: string;
  readonly rounds: number;
  /** Of ours, in all rounds that count: counted in the database, and what it was told is done. */
  readonly rows: number;
  readonly acked: number;
  /** Per peer and limit. Ours divided by theirs in throughput, theirs divided by ours in latency. */
  readonly ratios: Readonly<Record<string, Spread>>;
  /** Of ours, a row, the median of its rounds. */
  readonly counters: Readonly<Record<string, number>>;
  /** The limit's own figure: rows a second, or milliseconds where latencies are compared. */
  readonly limit: Readonly<Record<string, Spread>>;
  /** Of every contender: rows a second. */
  readonly rowsPerSecond: Readonly<Record<string, Spread>>;
  /** Of every contender that measures it: medians over its rounds. */
  readonly latencyMs: Readonly<Record<string, { p50: number; p99: number; p999: number }>>;
  /** Synced writes of 8 kB a second, probed before each round. */
  readonly disk: Spread;
  /** Rounds in which somebody's rows were not those acknowledged; they were run again. */
  readonly void: number;
  readonly runtime: string;
}

/** More rounds than these void is no accident. */
const VOID_MAX = 3;

/**
 * Everyone in every round, one after the other, so that whatever else the machine does meets all of them; in an order
 * that changes, so that nobody always follows the same neighbour. The first round warms up and does not count.
 */
export async function runBench(
  bench: Bench,
  options: BenchOptions,
): Promise<{ result: BenchResult; figures: Figures[] }> {
  const { contenders, close } = await bench.open(options);
  try {
    const counted: Measured[][] = contenders.map(() => []);
    const disk: number[] = [];
    let voided = 0;
    await takeRound(contenders, 0, options.say);
    for (let round = 1; round <= options.rounds;) {
      const synced = probeDisk();
      options.say(`round ${round} of ${options.rounds}: ${synced.toFixed(0)} fdatasync/s`);
      const measured = await takeRound(contenders, round + voided, options.say);
      const wrong = measured.findIndex(({ rows, acked }) => rows !== acked);
      if (wrong >= 0) {
        voided += 1;
        options.say(`  void: ${whyVoid(contenders[wrong]?.key, measured[wrong])}`);
        if (voided > VOID_MAX) throw new Error(`${voided} rounds were void, the last: see above`);
        continue;
      }
      measured.forEach((one, i) => counted[i]?.push(one));
      disk.push(synced);
      round += 1;
    }
    const figures = contenders.map(({ key, role, group = '' }, i) => ({
      key,
      role,
      group,
      rounds: counted[i] ?? [],
    }));
    return { result: resultOf(bench, figures, disk, voided), figures };
  } finally {
    await close();
  }
}

/** Measures everyone once; the answers are in the order of `contenders`, whatever the order of the runs. */
async function takeRound(
  contenders: readonly Contender[],
  round: number,
  say: BenchOptions['say'],
): Promise<Measured[]> {
  const measured = new Map<number, Measured>();
  for (const i of orderOf(contenders.length, round)) {
    const contender = contenders[i];
    if (!contender) continue;
    const started = performance.now();
    const one = await contender.round();
    measured.set(i, one);
    const all = ((performance.now() - started) / 1000).toFixed(1);
    const warm = round === 0 ? ' (warming up)' : '';
    say(`  ${contender.key}: ${speedOf(one).toFixed(0)} rows/s, ${all} s in all${warm}`);
  }
  return contenders.map((_, i) => measured.get(i) as Measured);
}

/** Begins one further on each time, and goes the other way every second time. */
export function orderOf(contenders: number, round: number): number[] {
  const order = Array.from({ length: contenders }, (_, i) => (i + round) % contenders);
  return round % 2 === 0 ? order : order.reverse();
}

const whyVoid = (key: string | undefined, measured: Measured | undefined): string =>
  `${key} has ${measured?.rows} rows and was told of ${measured?.acked}`;

/** Rows a second. */
export const speedOf = ({ rows, seconds }: Measured): number => rows / seconds;

function resultOf(
  { name, compares }: Bench,
  figures: readonly Figures[],
  disk: readonly number[],
  voided: number,
): BenchResult {
  const ours = figures.filter(({ role }) => role === 'ours');
  const all = ours.flatMap(({ rounds }) => rounds);
  const limits = figures.filter(({ role }) => role === 'limit');
  const figure = (one: Measured) =>
    compares === 'throughput' ? speedOf(one) : (one.latencyMs?.p50 ?? Number.NaN);
  return {
    name,
    rounds: disk.length,
    rows: sum(all.map(({ rows }) => rows)),
    acked: sum(all.map(({ acked }) => acked)),
    ratios: ratiosOf(figures, compares),
    counters: medianCounters(all),
    limit: byKey(limits, ({ rounds }) => spreadOf(rounds.map(figure))),
    rowsPerSecond: byKey(figures, ({ rounds }) => spreadOf(rounds.map(speedOf))),
    latencyMs: byKey(
      figures.filter(({ rounds }) => rounds.every(({ latencyMs }) => latencyMs)),
      latencyOf,
    ),
    disk: spreadOf(disk),
    void: voided,
    runtime: `Node ${process.version}`,
  };
}

const byKey = <T>(figures: readonly Figures[], of: (one: Figures) => T): Record<string, T> =>
  Object.fromEntries(figures.map((one) => [one.key, of(one)]));

function latencyOf({ rounds }: Figures) {
  const median = (name: 'p50' | 'p99' | 'p999') =>
    spreadOf(rounds.map(({ latencyMs }) => latencyMs?.[name] ?? Number.NaN)).median;
  return { p50: median('p50'), p99: median('p99'), p999: median('p999') };
}

/** Per counter, the median of the rounds that have it. */
export function medianCounters(rounds: readonly Measured[]): Record<string, number> {
  const names = new Set(rounds.flatMap(({ counters = {} }) => Object.keys(counters)));
  return Object.fromEntries(
    [...names].map((name) => {
      const values = rounds.flatMap(({ counters = {} }) => counters[name] ?? []);
      return [name, spreadOf(values).median];
    }),
  );
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
