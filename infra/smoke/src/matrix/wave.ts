import { waitUntilStill } from '../oracle/still.js';
import { recovered, settleAndJudge } from '../settle.js';
import type { Violation } from '../witness.js';
import type { World } from '../world.js';
import { type Killed, killInTurn } from './chain.js';
import type { Extras } from './extras.js';
import { killOnOccasion } from './occasions.js';
import { describeTarget, type Wave } from './plan.js';
import type { Target } from './reach.js';

/** A broken promise, and the points at which processes died since everything was last found in order. */
export interface Found extends Violation {
  readonly since: readonly string[];
}

/** What came of a wave. */
export interface PlayedWave {
  readonly killed: readonly Target[];
  readonly missed: readonly Target[];
  readonly violations: readonly Found[];
  /** From the last death to an order that was placed after it, paid and released. */
  readonly recoverySeconds: number;
  readonly killingSeconds: number;
  readonly judgingSeconds: number;
}

export interface WaveOptions {
  readonly reachedWithinMs: number;
  readonly signal?: AbortSignal;
}

const ENDED_WITHIN_MS = 90_000;

interface Ended {
  readonly targets: readonly Target[];
  readonly outcome: Killed;
}

/** Kills at every point of a wave under load, lets the system recover and come to rest, and has it judged. */
export async function playWave(
  world: World,
  extras: Extras,
  wave: Wave,
  options: WaveOptions,
): Promise<PlayedWave> {
  const startedAt = Date.now();
  world.load.start();
  extras.start();
  const ended = await Promise.all(
    wave.chains.map((chain, index) => killChain(world, chain, index, options)),
  );
  const broken: Violation[] = [];
  for (const target of wave.alone) {
    const outcome = await killOnOccasion(world, target, options.reachedWithinMs);
    broken.push(...outcome.violations);
    ended.push({ targets: [target], outcome });
  }
  const killedAt = Date.now();
  const lastDeathAt = Math.max(...ended.map(({ outcome }) => outcome.lastDeathAt));
  const unrecovered = await recovered(world, ENDED_WITHIN_MS);
  const recoveredAt = Date.now();
  await extras.pause();
  const restored = wave.alone.some(({ occasion }) => occasion === 'restored');
  if (restored) await mendWhatComesBack(world, extras);
  broken.push(...(await settleAndJudge(world, ENDED_WITHIN_MS, unrecovered)));
  const killed = those(ended, ({ reached }) => reached);
  const since = killed.map(describeTarget);
  return {
    killed,
    missed: those(ended, ({ notReached }) => notReached),
    violations: broken.map((violation) => ({ ...violation, since })),
    recoverySeconds: (recoveredAt - (lastDeathAt || killedAt)) / 1_000,
    killingSeconds: (killedAt - startedAt) / 1_000,
    judgingSeconds: (Date.now() - recoveredAt) / 1_000,
  };
}

/**
 * A database that was put back reads its topics again, each partition at its own pace: it may come to the command that
 * mended a message before the message, find nothing to mend, and park the message anew. Its operator mends it anew.
 */
async function mendWhatComesBack(world: World, extras: Extras): Promise<void> {
  await world.load.pause(ENDED_WITHIN_MS);
  // What does not come to rest is judged afterwards.
  await waitUntilStill(world.witness, { deadlineMs: ENDED_WITHIN_MS });
  await extras.pause();
}

/** Of two processes of a service, one in this wave and the other in the next. */
async function killChain(
  world: World,
  targets: readonly Target[],
  turn: number,
  { reachedWithinMs, signal }: WaveOptions,
): Promise<Ended> {
  const [first] = targets as [Target];
  const { instances } = world.system.service(first.service);
  const outcome = await killInTurn(world, {
    instance: instances[turn % instances.length] as string,
    names: targets.map(({ name }) => name),
    reachedWithinMs,
    ...(signal && { signal }),
  });
  return { targets, outcome };
}

const those = (ended: readonly Ended[], pick: (outcome: Killed) => readonly string[]): Target[] =>
  ended.flatMap(({ targets, outcome }) =>
    targets.filter(({ name }) => pick(outcome).includes(name)),
  );
