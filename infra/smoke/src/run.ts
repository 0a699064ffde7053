import { setTimeout as sleep } from 'node:timers/promises';
import { type Act, describeAct, type Target } from './act.js';
import { perform } from './acts.js';
import { planActs } from './hand.js';
import { recoveryOf, type Result } from './result.js';
import { recovered, settleAndJudge } from './settle.js';
import { unlessAborted } from './unless-aborted.js';
import type { Violation } from './witness.js';
import { startWorld, type World, type WorldOptions } from './world.js';

export interface RunOptions extends Omit<WorldOptions, 'report'> {
  readonly rounds: number;
  readonly sabotage?: string;
  /** Acts of the first rounds, each list at the same time; the seeded hand goes on after them. */
  readonly provoke?: readonly (readonly Act[])[];
  /** Told what happens, a line at a time. */
  readonly tell: (line: string) => void;
  /** The run is to end: what has begun is torn down. */
  readonly signal?: AbortSignal;
}

/** Load before something is done, and after it is over: acks must be under way on both sides. */
const LOAD_BEFORE_MS = 4_000;
const LOAD_AFTER_MS = 2_000;
/** From the last order to the end of all stories, and then to rest; an abandoned payment waits for its clock. */
const ENDED_WITHIN_MS = 90_000;
/** Sabotaged code may never come to rest: what is broken is known as well after a shorter while. */
const SABOTAGED_WITHIN_MS = 25_000;

/** Plays rounds until one finds something broken. */
export async function crashTest(options: RunOptions): Promise<Result> {
  const { tell, sabotage, provoke = [], rounds } = options;
  const acts = [...provoke, ...planActs(options.seed, rounds).map((act) => [act])].slice(0, rounds);
  const startedAt = Date.now();
  const world = await startWorld({ ...options, report: (line) => tell(`    ${line}`) });
  const played: Played[] = [];
  let violations: readonly Violation[] = [];
  let over = false;
  try {
    tell(`everything is up after ${seconds(Date.now() - startedAt)}; logs in ${world.folder}/logs`);
    world.snapshots.start();
    for (const [index, together] of acts.entries()) {
      options.signal?.throwIfAborted();
      const round = await unlessAborted(playRound(together, world, options), options.signal);
      played.push(round);
      violations = round.violations;
      tell(lineOf(index + 1, together, round, world));
      if (violations.length > 0) break;
    }
    over = true;
  } finally {
    const keep = violations.length > 0 || (!over && options.signal?.aborted !== true);
    await world.end({ keep });
    if (keep) tell(`kept with its logs: ${world.folder}`);
  }
  return {
    ok: violations.length === 0,
    sabotage: sabotage ?? null,
    rounds: played.length,
    kills: countTargets(acts.slice(0, played.length).flat()),
    acked: world.load.ackedCount,
    recoverySeconds: recoveryOf(played.flatMap(({ recoveryMs }) => recoveryMs / 1_000)),
    violations,
  };
}

interface Played {
  readonly notes: readonly string[];
  readonly recoveryMs: number;
  readonly judgedMs: number;
  readonly violations: readonly Violation[];
}

async function playRound(
  acts: readonly Act[],
  world: World,
  { signal, sabotage }: RunOptions,
): Promise<Played> {
  const pause = (ms: number) => sleep(ms, undefined, { ...(signal && { signal }) });
  world.load.start();
  await pause(LOAD_BEFORE_MS);
  const performed = await Promise.all(acts.map((act) => perform(act, world)));
  const liftedAt = Math.max(...performed.map(({ liftedAt: at }) => at));
  const notes = performed.flatMap(({ note }) => note ?? []);
  const deadlineMs = sabotage === undefined ? ENDED_WITHIN_MS : SABOTAGED_WITHIN_MS;
  const unrecovered = await recovered(world, deadlineMs);
  const recoveryMs = Date.now() - liftedAt;
  await pause(LOAD_AFTER_MS);
  const from = Date.now();
  const violations = await settleAndJudge(world, deadlineMs, unrecovered);
  return { notes, recoveryMs, judgedMs: Date.now() - from, violations };
}

function countTargets(acts: readonly Act[]): Result['kills'] {
  const counts: Partial<Record<Target, number>> = {};
  for (const { target } of acts) counts[target] = (counts[target] ?? 0) + 1;
  return counts;
}

function lineOf(number: number, acts: readonly Act[], round: Played, { load }: World): string {
  const what = [acts.map(describeAct).join(' + '), ...round.notes].join(', ');
  const verdict =
    round.violations.length === 0
      ? 'nothing broken'
      : `BROKEN: ${round.violations.map(({ invariant }) => invariant).join(', ')}`;
  return (
    `round ${number}: ${what}; recovered in ${seconds(round.recoveryMs)}, ` +
    `${load.ackedCount} acked, judged in ${seconds(round.judgedMs)}: ${verdict}`
  );
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
