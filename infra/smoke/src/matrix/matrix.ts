import { repository } from '@paylog/local';
import { recoveryOf } from '../result.js';
import { unlessAborted } from '../unless-aborted.js';
import { startWorld, type World } from '../world.js';
import { Extras } from './extras.js';
import { describeTarget, planWaves, type Wave } from './plan.js';
import { type Target, targetsOf } from './reach.js';
import { failpointsIn, sourcesOf } from './scan.js';
import { type Found, type PlayedWave, playWave } from './wave.js';

export interface MatrixOptions {
  readonly seed: number;
  readonly sample?: number;
  readonly only?: readonly string[];
  /** The first wave to be played, as a run that was cut counted them; default 1. */
  readonly from?: number;
  /** Told what happens, a line at a time. */
  readonly tell: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** The last line of the command's stdout. */
export interface MatrixResult {
  readonly ok: boolean;
  /** Points, each in each service that has it, that were to be died at. */
  readonly points: number;
  readonly killed: number;
  readonly notReached: readonly string[];
  readonly violations: readonly Found[];
  readonly recoverySeconds: { readonly p50: number; readonly max: number };
}

const LIVES_A_WAVE = 6;
/** Then a new system takes over: all that a system has ever been told is looked at in each judgement. */
const WAVES_A_SYSTEM = 5;
const REACHED_WITHIN_MS = 30_000;
/** Chance has a second try, and more time. */
const SECOND_TRY_WITHIN_MS = 60_000;

/** Processes are started all the time: they need the processors. */
const LIGHT = { ordersPerSecond: 3, webhooksPerSecond: 5 };

interface Series {
  readonly waves: readonly Wave[];
  /** What the first of them is called. */
  readonly from: number;
  readonly reachedWithinMs: number;
}

/** Kills a process at each point, under load, until something is found broken. */
export async function crashMatrix(options: MatrixOptions): Promise<MatrixResult> {
  const { seed, tell, from = 1 } = options;
  const targets = targetsOf(failpointsIn(sourcesOf(repository)));
  const all = planWaves(targets, { ...options, livesAWave: LIVES_A_WAVE });
  const waves = all.slice(from - 1);
  if (waves.length === 0) {
    throw new Error(
      `no point to be died at: of ${all.length} waves none is left, see --only and --from`,
    );
  }
  tell(`${countIn(waves)} points in ${waves.length} waves`);
  const played = await playAll({ waves, from, reachedWithinMs: REACHED_WITHIN_MS }, options);
  const missed = played.flatMap((wave) => wave.missed);
  if (missed.length > 0 && !played.some(isBroken)) {
    const again = planWaves(missed, { seed, livesAWave: LIVES_A_WAVE });
    tell(`once more: ${countIn(again)} points in ${again.length} waves`);
    const second = { waves: again, from: 1, reachedWithinMs: SECOND_TRY_WITHIN_MS };
    played.push(...(await playAll(second, options)));
  }
  const violations = played.flatMap((wave) => wave.violations);
  const killed = new Set(played.flatMap((wave) => wave.killed));
  const notReached = missed.filter((one) => !killed.has(one)).map(describeTarget);
  return {
    ok: violations.length === 0 && notReached.length === 0,
    points: countIn(waves),
    killed: killed.size,
    notReached,
    violations,
    recoverySeconds: recoveryOf(played.map(({ recoverySeconds }) => recoverySeconds)),
  };
}

/** Until something is found broken. */
async function playAll(series: Series, options: MatrixOptions): Promise<PlayedWave[]> {
  const played: PlayedWave[] = [];
  for (let done = 0; done < series.waves.length; done += WAVES_A_SYSTEM) {
    const waves = series.waves.slice(done, done + WAVES_A_SYSTEM);
    played.push(
      ...(await playInOneSystem({ ...series, waves, from: series.from + done }, options)),
    );
    if (played.some(isBroken)) break;
  }
  return played;
}

async function playInOneSystem(series: Series, options: MatrixOptions): Promise<PlayedWave[]> {
  const { seed, tell, signal } = options;
  const world = await startWorld({ seed, brokers: 1, ...LIGHT, report: () => {} });
  let keep = true;
  try {
    const played = await unlessAborted(playUntilBroken(world, series, options), signal);
    keep = played.some(isBroken);
    return played;
  } finally {
    await world.end({ keep: keep && signal?.aborted !== true });
    if (keep) tell(`logs: ${world.folder}`);
  }
}

async function playUntilBroken(
  world: World,
  { waves, from, reachedWithinMs }: Series,
  { tell, signal }: MatrixOptions,
): Promise<PlayedWave[]> {
  const extras = new Extras(world);
  world.snapshots.start();
  const played: PlayedWave[] = [];
  try {
    for (const [index, wave] of waves.entries()) {
      signal?.throwIfAborted();
      const one = await playWave(world, extras, wave, {
        reachedWithinMs,
        ...(signal && { signal }),
      });
      // Judged while it was being torn down, anything would be found broken.
      signal?.throwIfAborted();
      played.push(one);
      for (const line of linesOf(from + index, one, world)) tell(line);
      if (isBroken(one)) break;
    }
    return played;
  } finally {
    await extras.end();
  }
}

const isBroken = ({ violations }: PlayedWave): boolean => violations.length > 0;

const countIn = (waves: readonly Wave[]): number =>
  waves.reduce((sum, { chains, alone }) => sum + chains.flat().length + alone.length, 0);

function linesOf(number: number, wave: PlayedWave, { load }: World): string[] {
  const { killed, missed, violations, killingSeconds, judgingSeconds, recoverySeconds } = wave;
  const names = (targets: readonly Target[]) => targets.map(describeTarget).join(', ');
  const verdict = violations.length === 0 ? 'nothing broken' : 'BROKEN';
  return [
    `wave ${number}: ${killed.length} killed in ${whole(killingSeconds)}, recovered in ` +
      `${whole(recoverySeconds)}, judged in ${whole(judgingSeconds)}, ${load.ackedCount} acked: ${verdict}`,
    `    at ${names(killed)}`,
    ...(missed.length > 0 ? [`    not reached: ${names(missed)}`] : []),
  ];
}

const whole = (seconds: number): string => `${Math.round(seconds)} s`;
