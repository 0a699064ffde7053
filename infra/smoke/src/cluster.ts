import { setTimeout as sleep } from 'node:timers/promises';
import { FULFILLMENT_EVENTS, PAYMENT_PARTITIONS } from '@paylog/contracts';
import { createKafka, readPartition } from '@paylog/kafka';
import type { ClusterBroker, NativeKafkaCluster } from '@paylog/local';
import { AckProbe, longestGap } from './cluster-probe.js';
import { describeLeaderAct, type LeaderAct, planLeaderActs } from './cluster-plan.js';
import { recoveryOf, type Result } from './result.js';
import { recovered, settleAndJudge } from './settle.js';
import type { Violation } from './witness.js';
import { startWorld, type World } from './world.js';

export interface ClusterOptions {
  readonly seed: number;
  /** Acts, one after the other under load; judged once, at the end. */
  readonly rounds: number;
  /** Told what happens, a line at a time. */
  readonly tell: (line: string) => void;
  /** The run is to end: what has begun is torn down. */
  readonly signal?: AbortSignal;
}

/** How long one act kept everybody waiting: the longest time without an acknowledged write, and without a release. */
export interface Pause {
  readonly act: string;
  readonly ackSeconds: number;
  readonly releaseSeconds: number;
}

export interface ClusterResult extends Result {
  readonly brokers: 3;
  readonly pauses: readonly Pause[];
  /** The same times while nothing was done to any broker. */
  readonly undisturbed: Omit<Pause, 'act'>;
  /** Writes to a topic beside the system's that were acknowledged; every one of them was looked for. */
  readonly acknowledgedWrites: number;
}

/** Three brokers leave less of two cores to the services: slower, or nothing but waiting would be measured. */
const LOAD = { ordersPerSecond: 2, webhooksPerSecond: 10 };
/** The whole run shall fit into five minutes: no act begins later than this. */
const ACTS_WITHIN_MS = 140_000;
const QUIET_MS = 8_000;
const AFTER_EACH_MS = 3_000;
const ENDED_WITHIN_MS = 60_000;

interface Done {
  readonly act: LeaderAct;
  readonly from: number;
  readonly to: number;
  readonly liftedAt: number;
}

/** Three brokers; whoever leads is killed, frozen or stopped, one after the other, while orders and webhooks come in. */
export async function clusterTest(options: ClusterOptions): Promise<ClusterResult> {
  const { seed, rounds, tell, signal } = options;
  const report = (line: string) => tell(`    ${line}`);
  const world = await startWorld({ seed, brokers: 3, ...LOAD, report });
  const probe = new AckProbe(world.kafka.addresses);
  let keep = true;
  try {
    tell(`everything is up; logs in ${world.folder}/logs`);
    await probe.start();
    const acts = planLeaderActs(seed, rounds);
    const { done, startedAt, endedAt, recoveryMs, violations } = await play(
      acts,
      world,
      probe,
      options,
    );
    const released = await releases(world);
    const pauseIn = (from: number, to: number) => ({
      ackSeconds: inSeconds(probe.longestGapMs(from, to)),
      releaseSeconds: inSeconds(longestGap(released, from, to)),
    });
    const pauses = done.map(({ act, from, to }) => ({
      act: describeLeaderAct(act),
      ...pauseIn(from, Math.min(to, endedAt)),
    }));
    for (const { act, ackSeconds, releaseSeconds } of pauses) {
      tell(
        `${act}: no write acknowledged for ${ackSeconds} s, nothing released for ${releaseSeconds} s`,
      );
    }
    keep = violations.length > 0;
    return {
      ok: violations.length === 0,
      sabotage: null,
      rounds: done.length,
      kills: { kafka: done.length },
      acked: world.load.ackedCount,
      recoverySeconds: recoveryOf(recoveryMs.map((ms) => ms / 1_000)),
      violations,
      brokers: 3,
      pauses,
      undisturbed: pauseIn(startedAt + QUIET_MS / 2, startedAt + QUIET_MS),
      acknowledgedWrites: probe.acked,
    };
  } finally {
    keep &&= signal?.aborted !== true;
    await probe.end();
    await world.end({ keep });
    if (keep) tell(`kept with its logs: ${world.folder}`);
  }
}

async function play(
  acts: readonly LeaderAct[],
  world: World,
  probe: AckProbe,
  { tell, signal }: ClusterOptions,
) {
  const { load, kafka } = world;
  const cluster = kafka.cluster as NativeKafkaCluster;
  const pause = (ms: number) => sleep(ms, undefined, { ...(signal && { signal }) });
  const startedAt = Date.now();
  load.start();
  await pause(QUIET_MS);
  const done: Done[] = [];
  const recoveryMs: number[] = [];
  for (const act of acts) {
    if (Date.now() - startedAt > ACTS_WITHIN_MS) {
      tell(`no time for more than ${done.length} acts`);
      break;
    }
    const one = await perform(act, cluster, pause);
    await pause(AFTER_EACH_MS);
    done.push({ ...one, to: Date.now() });
    recoveryMs.push(one.backAt - one.liftedAt);
    const back = inSeconds(one.backAt - one.liftedAt);
    const what = describeLeaderAct(act);
    tell(`${done.length}. ${what}, in sync ${back} s later; ${load.ackedCount} acked`);
  }
  const unrecovered = await recovered(world, ENDED_WITHIN_MS);
  const endedAt = Date.now();
  const judged = await settleAndJudge(world, ENDED_WITHIN_MS, unrecovered);
  await probe.stop();
  const lost = await probe.lost();
  tell(`${probe.acked} writes acknowledged beside the system's, ${lost.length} lost`);
  return { done, startedAt, endedAt, recoveryMs, violations: [...judged, ...lostWrites(lost)] };
}

/** Only one broker is away at a time: the next act waits until all have everything again. */
async function perform(
  act: LeaderAct,
  cluster: NativeKafkaCluster,
  pause: (ms: number) => Promise<void>,
): Promise<Omit<Done, 'to'> & { backAt: number }> {
  const leader = await cluster.leaderOf(act.topic, act.partition);
  const from = Date.now();
  const undo = await harm(act, leader);
  try {
    await pause(act.awayMs);
  } finally {
    await undo();
  }
  const liftedAt = Date.now();
  await cluster.inSync();
  return { act, from, liftedAt, backAt: Date.now() };
}

async function harm({ kind }: LeaderAct, leader: ClusterBroker): Promise<() => Promise<void>> {
  if (kind === 'freeze') {
    const { pid } = leader;
    process.kill(pid, 'SIGSTOP');
    return async () => void process.kill(pid, 'SIGCONT');
  }
  await (kind === 'kill' ? leader.kill() : leader.stop());
  return () => leader.start();
}

function lostWrites(lost: readonly string[]): Violation[] {
  if (lost.length === 0) return [];
  const examples = lost
    .slice(0, 5)
    .map((text) => `the acknowledged write ${text} is in no partition`);
  return [{ invariant: 'log-equals-topic', examples }];
}

/** When each release was written. */
async function releases({ kafka }: World): Promise<number[]> {
  const client = createKafka({ brokers: kafka.addresses, clientId: 'crash-test' });
  const times: number[] = [];
  for (let partition = 0; partition < PAYMENT_PARTITIONS; partition++) {
    for await (const messages of readPartition(client, FULFILLMENT_EVENTS, partition, 0n)) {
      const released = messages.filter(
        ({ headers }) => headers['ce_type'] === 'FulfillmentReleased',
      );
      times.push(...released.map(({ timestamp }) => Number(timestamp)));
    }
  }
  return times;
}

const inSeconds = (ms: number) => Math.round(ms / 100) / 10;
