import { setTimeout as sleep } from 'node:timers/promises';
import { FULFILLMENT_EVENTS, PAYMENT_PARTITIONS } from '@paylog/contracts';
import { createKafka, readPartition } from '@paylog/kafka';
import { ACCOUNT } from '@paylog/local';
import type { AckedOrder, Violation } from '../witness.js';
import { startWorld, type World } from '../world.js';
import { countAndClear, type SetAside } from './aside.js';
import { GenuineWebhooks } from './genuine.js';
import { floodHttp } from './http-flood.js';
import { floodKafka, type Sent } from './kafka-flood.js';
import { MemoryWatch, type ProcessMemory } from './memory.js';
import { type Flooded, judgeOurs, untilStill } from './verdict.js';

export interface FloodOptions {
  readonly seed: number;
  readonly requests: number;
  /** On each topic. */
  readonly messages: number;
  /** What is sent comes evenly over this time. */
  readonly overSeconds: number;
  /** Told what happens, a line at a time. */
  readonly tell: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Milliseconds. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

export interface FloodResult {
  readonly ok: boolean;
  readonly requests: {
    readonly sent: number;
    readonly byAnswer: Readonly<Record<string, number>>;
    /** Genuine ones that we took too long to hand over, got a 408 for, and sent again. */
    readonly lateByUs: number;
  };
  readonly messages: Readonly<Record<string, number>>;
  /** By `<group>/<topic>`: what each reader set aside, and what it took at its word. */
  readonly parked: Readonly<Record<string, { readonly parked: number; readonly taken: number }>>;
  readonly memory: readonly ProcessMemory[];
  /** How long the last message waited to be handled after it was sent. */
  readonly drainedAfterSeconds: number;
  readonly latency: Readonly<
    Record<'webhook' | 'release', { readonly before: Latency; readonly during: Latency }>
  >;
  readonly violations: readonly Violation[];
  /** What is no invariant of the oracle: answers, crashes, memory, messages that were not set aside. */
  readonly wrong: readonly string[];
}

const BEFORE_MS = 10_000;
const DRAINED_WITHIN_MS = 400_000;
const ORDERS_ENDED_WITHIN_MS = 90_000;
const WEBHOOKS_PER_SECOND = 20;
/** Megabytes that a process may hold at most, and more than before when all is over. */
const PEAK_MAX = 700;
const KEPT_MAX = 300;

/** Everything that a stranger may send, at once, while honest traffic goes on. */
export async function flood(options: FloodOptions): Promise<FloodResult> {
  const { seed, tell } = options;
  const startedAt = Date.now();
  const report = (line: string) => tell(`    ${line}`);
  const world = await startWorld({ seed, brokers: 1, webhooksPerSecond: 10, report });
  const over = new AbortController();
  const abort = () => over.abort(options.signal?.reason);
  options.signal?.addEventListener('abort', abort);
  let keep = true;
  try {
    options.signal?.throwIfAborted();
    tell(
      `everything is up after ${inSeconds(Date.now() - startedAt)} s; logs in ${world.folder}/logs`,
    );
    const result = await pour(world, { ...options, signal: over.signal });
    keep = !result.ok;
    return result;
  } finally {
    keep &&= options.signal?.aborted !== true;
    over.abort();
    await world.end({ keep });
    if (keep) tell(`kept with its logs: ${world.folder}`);
  }
}

async function pour(
  world: World,
  options: FloodOptions & { readonly signal: AbortSignal },
): Promise<FloodResult> {
  const { tell, requests, messages, overSeconds, seed, signal } = options;
  const { load, system } = world;
  const secret = system.configuration.secrets.STRIPE_MAIN_WEBHOOK_SECRET;
  const urls = system
    .service('webhook-ingest')
    .urls.map((url) => `${url}/webhooks/stripe/${ACCOUNT}`);
  const genuine = new GenuineWebhooks({ urls, secret, perSecond: WEBHOOKS_PER_SECOND, signal });
  const memory = new MemoryWatch(system, signal);
  const calmAt = Date.now();
  load.start();
  genuine.start();
  await sleep(BEFORE_MS, undefined, { signal });
  memory.start();

  const from = Date.now();
  const common = { seed, overSeconds, signal };
  const [http, sent] = await Promise.all([
    floodHttp({ ...common, requests, urls, secret }),
    floodKafka({ ...common, messages, brokers: system.brokers }),
  ]);
  const to = Date.now();
  signal.throwIfAborted();
  tell(`sent in ${inSeconds(to - from)} s; answers: ${JSON.stringify(http.answers)}`);

  const isOurs = () => {
    const ours = new Set(load.acked.orders.map(({ paymentId }) => paymentId));
    return (paymentId: string) => ours.has(paymentId);
  };
  const open = await load.pause(ORDERS_ENDED_WITHIN_MS);
  await genuine.stop();
  load.acked.webhooks.push(...http.acked, ...genuine.acked);
  const stuck = await untilStill(world.witness, isOurs(), {
    deadlineMs: DRAINED_WITHIN_MS,
    signal,
    tell,
  });
  const drainedAfterSeconds = inSeconds(Date.now() - to);
  tell(`still ${drainedAfterSeconds} s after the last one was sent`);
  const used = memory.stop();
  const aside = await countAndClear(world, sent);
  const judged = await judgeOurs(world.witness, isOurs(), {
    webhook: (sha256) => http.genuine.has(sha256),
    message: sentBy(sent),
  });
  const violations = [...stuck, ...judged];
  const wrong = [
    ...some(http.wrong),
    ...some(genuine.wrong),
    ...open.map((story) => `${story} has not come to its end`),
    ...deaths(world),
    ...greedy(used),
    ...aside.flatMap(notSetAside),
  ];
  const releases = await releaseTimes(world, load.acked.orders);
  return {
    ok: violations.length === 0 && wrong.length === 0,
    requests: {
      sent: requests,
      byAnswer: http.answers,
      lateByUs: http.lateByUs + genuine.lateByUs,
    },
    messages: Object.fromEntries(sent.map(({ topic, count }) => [topic, count])),
    parked: Object.fromEntries(
      aside.map(({ group, topic, parked, taken }) => [`${group}/${topic}`, { parked, taken }]),
    ),
    memory: used,
    drainedAfterSeconds,
    latency: {
      webhook: {
        before: latencyOf(genuine.latency(calmAt, from)),
        during: latencyOf(genuine.latency(from, to)),
      },
      release: {
        before: latencyOf(releases.filter(({ at }) => at < from).map(({ tookMs }) => tookMs)),
        during: latencyOf(releases.filter(({ at }) => at >= from).map(({ tookMs }) => tookMs)),
      },
    },
    violations,
    wrong,
  };
}

/** Is it one of the flood's messages? */
function sentBy(sent: readonly Sent[]): Flooded['message'] {
  const places = new Map(
    sent.map(({ topic, offsets }) => [topic as string, offsets.map((some) => new Set(some))]),
  );
  return (topic, partition, offset) => places.get(topic)?.[partition]?.has(offset) === true;
}

function deaths({ system }: World): string[] {
  return system
    .status()
    .filter(({ restarts, state }) => restarts > 0 || state !== 'ready')
    .map(({ instance, restarts, state }) => `${instance} is ${state} and ended ${restarts} times`);
}

function greedy(memory: readonly ProcessMemory[]): string[] {
  return memory
    .filter(({ before, peak, after }) => peak > PEAK_MAX || after - before > KEPT_MAX)
    .map(
      ({ instance, before, peak, after }) =>
        `${instance} held ${before} MB before, ${peak} MB at most, ${after} MB after`,
    );
}

function notSetAside({ group, topic, missed }: SetAside): string[] {
  if (missed.length === 0) return [];
  const examples = missed.slice(0, 5).join(', ');
  return [`${group} did not set aside ${missed.length} hopeless messages of ${topic}: ${examples}`];
}

/** From the moment an order was taken to the release of its goods, for those that were released. */
async function releaseTimes(
  { system }: World,
  orders: readonly AckedOrder[],
): Promise<{ at: number; tookMs: number }[]> {
  const takenAt = new Map(orders.map(({ paymentId, at }) => [paymentId, at]));
  const kafka = createKafka({ brokers: system.brokers, clientId: 'paylog-flood' });
  const times: { at: number; tookMs: number }[] = [];
  for (let partition = 0; partition < PAYMENT_PARTITIONS; partition++) {
    for await (const messages of readPartition(kafka, FULFILLMENT_EVENTS, partition, 0n)) {
      for (const { key, headers, timestamp } of messages) {
        const at = takenAt.get(key ?? '');
        if (headers['ce_type'] !== 'FulfillmentReleased' || at === undefined) continue;
        times.push({ at, tookMs: Math.max(0, Number(timestamp) - at) });
      }
    }
  }
  return times;
}

function latencyOf(times: readonly number[]): Latency {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99) };
}

const SHOWN = 20;

function some(lines: readonly string[]): string[] {
  if (lines.length <= SHOWN) return [...lines];
  return [...lines.slice(0, SHOWN), `and ${lines.length - SHOWN} more like these`];
}

const inSeconds = (ms: number) => Math.round(ms / 100) / 10;
