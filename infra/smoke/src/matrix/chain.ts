import { setTimeout as sleep } from 'node:timers/promises';
import type { World } from '../world.js';
import { LogWatch } from './log-watch.js';

/** What became of the points of one process. */
export interface Killed {
  readonly reached: readonly string[];
  readonly notReached: readonly string[];
  /** When the last of its lives ended at a point; 0: none did. Unix milliseconds. */
  readonly lastDeathAt: number;
}

export interface ChainOptions {
  readonly instance: string;
  /** Failpoints, one life each. */
  readonly names: readonly string[];
  /** How long a life may last, once the process is ready, before its point is given up. */
  readonly reachedWithinMs: number;
  readonly signal?: AbortSignal;
}

const LOOK_EVERY_MS = 40;
const STARTED_WITHIN_MS = 60_000;

export const armedWith = (name: string) => ({ PAYLOG_FAILPOINT: name });

/**
 * One life after the other, each with another point at which it dies; the last one has none. A life is also the recovery
 * from the death before it: it must come as far as its own point.
 */
export async function killInTurn(
  { system, folder }: World,
  options: ChainOptions,
): Promise<Killed> {
  const { instance, names, reachedWithinMs, signal } = options;
  const log = new LogWatch(`${folder}/logs`, instance);
  const reached: string[] = [];
  const notReached: string[] = [];
  const seen = new Set<string>();
  let lastDeathAt = 0;
  const isSeen = (name: string) => {
    for (const hit of log.hits()) seen.add(hit);
    return seen.has(name);
  };
  const status = () => system.status().find((one) => one.instance === instance);
  const restarts = () => status()?.restarts ?? 0;
  const isReady = () => status()?.state === 'ready';
  for (const [index, name] of names.entries()) {
    const before = restarts();
    // The life before ended at its point and had this one's environment from there on; else it is ended now.
    if (reached.at(-1) !== names[index - 1] || index === 0) {
      await system.kill(instance, armedWith(name));
      await until(() => restarts() > before, STARTED_WITHIN_MS, signal);
    }
    const next = names[index + 1];
    system.arm(instance, next === undefined ? undefined : armedWith(next));
    const lives = restarts();
    await until(() => isSeen(name) || isReady(), STARTED_WITHIN_MS, signal);
    const died = await until(() => isSeen(name), reachedWithinMs, signal);
    (died ? reached : notReached).push(name);
    if (!died) continue;
    lastDeathAt = Date.now();
    await until(() => restarts() > lives, STARTED_WITHIN_MS, signal);
  }
  if (reached.at(-1) !== names.at(-1)) await system.kill(instance);
  return { reached, notReached, lastDeathAt };
}

/** Whether it happened in time. */
export async function until(
  happened: () => boolean,
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const end = Date.now() + deadlineMs;
  while (!happened()) {
    if (Date.now() > end) return false;
    await sleep(LOOK_EVERY_MS, undefined, { ...(signal && { signal }) });
  }
  return true;
}
