import { type Random, randomFrom, shuffled } from '../random.js';
import type { Target } from './reach.js';

/** Between two judgements. */
export interface Wave {
  /** By service: one life after the other, in every service at once. */
  readonly chains: readonly (readonly Target[])[];
  /** One after the other, when the chains have ended. */
  readonly alone: readonly Target[];
}

export interface PlanOptions {
  readonly seed: number;
  /** So many of them. Default: all. */
  readonly sample?: number;
  /** Only points of these names, as `describeTarget` gives them; a part of one does. */
  readonly only?: readonly string[];
  readonly livesAWave: number;
}

/** What is killed at, and with what: the same seed gives the same waves. */
export function planWaves(targets: readonly Target[], options: PlanOptions): Wave[] {
  const random = randomFrom(options.seed);
  const { only = [''] } = options;
  const wanted = targets.filter((one) => only.some((part) => describeTarget(one).includes(part)));
  const chosen = shuffled(wanted, random).slice(0, options.sample ?? wanted.length);
  const alone = chosen.filter(({ occasion }) => occasion !== 'load');
  const chains = inChains(
    chosen.filter(({ occasion }) => occasion === 'load'),
    options,
    random,
  );
  const count = Math.max(chains.length, alone.length > 0 ? 1 : 0);
  return Array.from({ length: count }, (_, wave) => ({
    chains: chains[wave] ?? [],
    // Dealt round, for each costs its service a while.
    alone: alone.filter((_one, index) => index % count === wave),
  }));
}

/** By wave, then by service. */
function inChains(
  targets: readonly Target[],
  { livesAWave }: PlanOptions,
  random: Random,
): Target[][][] {
  const services = shuffled([...new Set(targets.map(({ service }) => service))], random);
  const waves: Target[][][] = [];
  for (const service of services) {
    const own = targets.filter((target) => target.service === service);
    for (let wave = 0; wave * livesAWave < own.length; wave += 1) {
      const chain = own.slice(wave * livesAWave, (wave + 1) * livesAWave);
      (waves[wave] ??= []).push(chain);
    }
  }
  return waves;
}

export const describeTarget = ({ service, name }: Target): string =>
  name.startsWith(`${service}.`) ? name : `${name} in ${service}`;
