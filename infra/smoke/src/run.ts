import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '@paylog/local';
import pg from 'pg';
import { type Act, describeAct, type Target } from './act.js';
import { perform } from './acts.js';
import { planActs } from './hand.js';
import { paymentOf } from './load/storefront.js';
import { judge } from './oracle/judge.js';
import { waitUntilStill } from './oracle/still.js';
import { recoveryOf, type Result } from './result.js';
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
      const round = await playRound(together, world, options);
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

/** Nothing is violated when every process is ready and an order that came after the act was paid and released. */
async function recovered(world: World, deadlineMs: number): Promise<Violation[]> {
  const { system, load } = world;
  try {
    await Promise.race([
      recovery(world, deadlineMs),
      sleep(deadlineMs, undefined, { ref: false }).then(() => {
        throw new Error(`not within ${deadlineMs / 1_000} s`);
      }),
    ]);
    return [];
  } catch (error) {
    const states = system.status().map(({ instance, state }) => `${instance} ${state}`);
    const example = `${(error as Error).message}; ${states.join(', ')}; ${load.ackedCount} acked so far`;
    return [{ invariant: 'services-recover', examples: [example] }];
  }
}

async function recovery({ system, load, database }: World, deadlineMs: number): Promise<void> {
  await Promise.all(system.status().map(({ instance }) => system.ready(instance)));
  const order = await load.probe();
  const id = paymentOf(order);
  const client = new pg.Client({ connectionString: database('fulfillment') });
  client.on('error', () => {});
  await client.connect();
  try {
    const released = `select 1 from fulfillment.rows
      where type = 'FulfillmentReleased' and convert_from(data, 'utf8')::jsonb ->> 'paymentId' = $1`;
    await waitFor(
      `the probe ${order.orderId} (${id}) to be paid and released`,
      async () => ((await client.query(released, [id])).rowCount ? true : undefined),
      { deadlineMs, everyMs: 100 },
    );
  } finally {
    await client.end().catch(() => {});
  }
}

/** What does not recover or is stuck is judged all the same: the broken promise behind it has a name of its own. */
async function settleAndJudge(
  { load, witness }: World,
  deadlineMs: number,
  unrecovered: readonly Violation[],
): Promise<readonly Violation[]> {
  const open = await load.pause(deadlineMs);
  const examples = open.slice(0, 5).map((story) => `${story} has not come to its end`);
  const stuck: Violation[] =
    open.length > 0
      ? [{ invariant: 'nothing-stuck', examples }]
      : await waitUntilStill(witness, { deadlineMs });
  const known = [...unrecovered, ...stuck];
  const judged = await judge(witness).catch((error: unknown) => {
    // Where something is away for good, not everything can be looked at.
    if (known.length > 0) return [];
    throw error;
  });
  const named = new Set(judged.map(({ invariant }) => invariant));
  return [...judged, ...known.filter(({ invariant }) => !named.has(invariant))];
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
