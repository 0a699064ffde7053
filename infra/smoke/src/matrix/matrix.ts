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
  readonly only?: string;
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
const REACHED_WITHIN_MS = 30_000;
/** Chance has a second try, and more time. */
const SECOND_TRY_WITHIN_MS = 60_000;

/** Processes are started all the time: they need the processors. */
const LIGHT = { ordersPerSecond: 3, webhooksPerSecond: 5 };

/** Kills a process at each point, under load, until something is found broken. */
export async function crashMatrix(options: MatrixOptions): Promise<MatrixResult> {
  const { seed, tell, signal } = options;
  const targets = targetsOf(failpointsIn(sourcesOf(repository)));
  const waves = planWaves(targets, { ...options, livesAWave: LIVES_A_WAVE });
  tell(`${countIn(waves)} points in ${waves.length} waves`);
  const world = await startWorld({ seed, brokers: 1, ...LIGHT, report: () => {} });
  let keep = true;
  try {
    const played = await unlessAborted(playAll(world, waves, options), signal);
    const violations = played.flatMap((wave) => wave.violations);
    const killed = new Set(played.flatMap((wave) => wave.killed));
    const missed = played.flatMap((wave) => wave.missed).filter((one) => !killed.has(one));
    keep = violations.length > 0;
    return {
      ok: violations.length === 0 && missed.length === 0,
      points: countIn(waves),
      killed: killed.size,
      notReached: [...new Set(missed.map(describeTarget))],
      violations,
      recoverySeconds: recoveryOf(played.map(({ recoverySeconds }) => recoverySeconds)),
    };
  } finally {
    await world.end({ keep: keep && signal?.aborted !== true });
    if (keep) tell(`logs: ${world.folder}`);
  }
}

async function playAll(
  world: World,
  waves: readonly Wave[],
  options: MatrixOptions,
): Promise<PlayedWave[]> {
  const extras = new Extras(world);
  world.snapshots.start();
  try {
    const first = await playUntilBroken(world, extras, waves, options, REACHED_WITHIN_MS);
    const missed = first.flatMap((wave) => wave.missed);
    if (missed.length === 0 || first.some(isBroken)) return first;
    const again = planWaves(missed, { seed: options.seed, livesAWave: LIVES_A_WAVE });
    options.tell(`once more: ${countIn(again)} points in ${again.length} waves`);
    const second = await playUntilBroken(world, extras, again, options, SECOND_TRY_WITHIN_MS);
    return [...first, ...second];
  } finally {
    await extras.end();
  }
}

async function playUntilBroken(
  world: World,
  extras: Extras,
  waves: readonly Wave[],
  { tell, signal }: MatrixOptions,
  reachedWithinMs: number,
): Promise<PlayedWave[]> {
  const played: PlayedWave[] = [];
  for (const [index, wave] of waves.entries()) {
    signal?.throwIfAborted();
    const one = await playWave(world, extras, wave, { reachedWithinMs, ...(signal && { signal }) });
    // Judged while it was being torn down, anything would be found broken.
    signal?.throwIfAborted();
    played.push(one);
    for (const line of linesOf(index + 1, one, world)) tell(line);
    if (isBroken(one)) break;
  }
  return played;
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
