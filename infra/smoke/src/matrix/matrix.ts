import { repository } from '@paylog/local';
import { recoveryOf } from '../result.js';
import { recovered, settleAndJudge } from '../settle.js';
import type { Violation } from '../witness.js';
import { startWorld, type World } from '../world.js';
import { type Killed, killInTurn } from './chain.js';
import { Extras } from './extras.js';
import { killOnOccasion } from './occasions.js';
import { describeTarget, planWaves, type Wave } from './plan.js';
import { type Target, targetsOf } from './reach.js';
import { failpointsIn, sourcesOf } from './scan.js';

export interface MatrixOptions {
  readonly seed: number;
  readonly sample?: number;
  readonly only?: string;
  /** Told what happens, a line at a time. */
  readonly tell: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** A broken promise, and the points at which processes died since everything was last found in order. */
export interface Found extends Violation {
  readonly since: readonly string[];
}

export interface MatrixResult {
  readonly ok: boolean;
  /** Points, each in each service that has it, that were to be died at. */
  readonly points: number;
  readonly killed: number;
  readonly notReached: readonly string[];
  readonly violations: readonly Found[];
  /** From the last death of several to an order that was placed after it, paid and released. */
  readonly recoverySeconds: { readonly p50: number; readonly max: number };
}

const LIVES_A_WAVE = 5;
const REACHED_WITHIN_MS = 30_000;
/** Chance has a second try, and more time. */
const SECOND_TRY_WITHIN_MS = 60_000;
const ENDED_WITHIN_MS = 90_000;

interface Progress {
  readonly world: World;
  readonly extras: Extras;
  readonly options: MatrixOptions;
  readonly recoveries: number[];
  killed: number;
}

/** Kills a process at each point, under load, until something is found broken. */
export async function crashMatrix(options: MatrixOptions): Promise<MatrixResult> {
  const { tell } = options;
  const targets = targetsOf(failpointsIn(sourcesOf(repository)));
  const waves = planWaves(targets, { ...options, livesAWave: LIVES_A_WAVE });
  const points = waves.reduce((sum, wave) => sum + targetsIn(wave).length, 0);
  tell(`${points} points, in ${waves.length} waves`);
  const world = await startWorld({
    seed: options.seed,
    brokers: 1,
    // Processes are started all the time: they need the processors.
    ordersPerSecond: 3,
    webhooksPerSecond: 5,
    report: () => {},
  });
  const extras = new Extras(world);
  const progress: Progress = { world, extras, options, recoveries: [], killed: 0 };
  let violations: Found[] = [];
  let missed: Target[] = [];
  let over = false;
  try {
    world.snapshots.start();
    for (const [index, wave] of waves.entries()) {
      const played = await playWave(progress, wave, `wave ${index + 1}`, REACHED_WITHIN_MS);
      violations = played.violations;
      missed.push(...played.missed);
      if (violations.length > 0) break;
    }
    if (violations.length === 0 && missed.length > 0) {
      const again = planWaves(missed, { seed: options.seed, livesAWave: LIVES_A_WAVE });
      missed = [];
      for (const wave of again) {
        const played = await playWave(progress, wave, 'second try', SECOND_TRY_WITHIN_MS);
        violations = played.violations;
        missed.push(...played.missed);
        if (violations.length > 0) break;
      }
    }
    over = true;
  } finally {
    await extras.end();
    const keep = violations.length > 0 || (!over && options.signal?.aborted !== true);
    await world.end({ keep });
    if (keep) tell(`kept with its logs: ${world.folder}`);
  }
  return {
    ok: violations.length === 0 && missed.length === 0,
    points,
    killed: progress.killed,
    notReached: missed.map(describeTarget),
    violations,
    recoverySeconds: recoveryOf(progress.recoveries),
  };
}

interface PlayedWave {
  readonly missed: readonly Target[];
  readonly violations: Found[];
}

async function playWave(
  progress: Progress,
  wave: Wave,
  title: string,
  reachedWithinMs: number,
): Promise<PlayedWave> {
  const { world, extras, options } = progress;
  options.signal?.throwIfAborted();
  const startedAt = Date.now();
  world.load.start();
  extras.start();
  const chains = wave.chains.map((chain, index) => ({
    chain,
    killing: killChain(progress, chain, index, reachedWithinMs),
  }));
  const ended: { targets: readonly Target[]; killed: Killed }[] = [];
  for (const { chain, killing } of chains) ended.push({ targets: chain, killed: await killing });
  const violations: Violation[] = [];
  for (const target of wave.alone) {
    const played = await killOnOccasion(world, target, reachedWithinMs);
    violations.push(...played.violations);
    ended.push({ targets: [target], killed: played });
  }
  const killedMs = Date.now() - startedAt;
  const lastDeathAt = Math.max(startedAt, ...ended.map(({ killed }) => killed.lastDeathAt));
  const unrecovered = await recovered(world, ENDED_WITHIN_MS);
  progress.recoveries.push((Date.now() - lastDeathAt) / 1_000);
  await extras.pause();
  const from = Date.now();
  violations.push(...(await settleAndJudge(world, ENDED_WITHIN_MS, unrecovered)));
  const hit = ended.flatMap(({ targets, killed }) =>
    targets.filter(({ name }) => killed.reached.includes(name)),
  );
  const missed = ended.flatMap(({ targets, killed }) =>
    targets.filter(({ name }) => killed.notReached.includes(name)),
  );
  progress.killed += hit.length;
  tellWave(options.tell, title, hit, missed, violations);
  options.tell(
    `    killing ${seconds(killedMs)}, judging ${seconds(Date.now() - from)}, recovered in ${seconds((progress.recoveries.at(-1) ?? 0) * 1_000)}, ${world.load.ackedCount} acked`,
  );
  const since = hit.map(describeTarget);
  return { missed, violations: violations.map((violation) => ({ ...violation, since })) };
}

/** Of two processes of a service, one in one wave and the other in the next. */
function killChain(
  { world, options }: Progress,
  chain: readonly Target[],
  turn: number,
  reachedWithinMs: number,
): Promise<Killed> {
  const [first] = chain;
  if (!first) return Promise.resolve({ reached: [], notReached: [], lastDeathAt: 0 });
  const { instances } = world.system.service(first.service);
  return killInTurn(world, {
    instance: instances[turn % instances.length] as string,
    names: chain.map(({ name }) => name),
    reachedWithinMs,
    ...(options.signal && { signal: options.signal }),
  });
}

function tellWave(
  tell: (line: string) => void,
  title: string,
  hit: readonly Target[],
  missed: readonly Target[],
  violations: readonly Violation[],
): void {
  const verdict =
    violations.length === 0
      ? 'nothing broken'
      : `BROKEN: ${violations.map(({ invariant }) => invariant).join(', ')}`;
  tell(`${title}: killed at ${hit.map(describeTarget).join(', ')}: ${verdict}`);
  if (missed.length > 0) tell(`    not reached: ${missed.map(describeTarget).join(', ')}`);
}

const targetsIn = ({ chains, alone }: Wave): Target[] => [...chains.flat(), ...alone];

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
