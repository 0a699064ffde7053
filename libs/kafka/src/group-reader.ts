import type { Admin, Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { crossing, declareFailpoints, failpoint } from '@paylog/failpoints';
import { coPartition } from './assigner.js';
import { PATIENT } from './client.js';
import type { Cluster } from './cluster.js';
import { leaveLostCoordinator } from './coordinator.js';
import { KafkaFault, needsPerson, passesByItself, reasonOf } from './fault.js';
import { Hints } from './hints.js';
import type { Logger } from './logger.js';
import { evictPredecessor, type MemberStore } from './members.js';
import { slices, toConsumed, type Batch } from './message.js';
import { lag, sameOffsetFails } from './metrics.js';
import { backoffMs, pause, within } from './pause.js';
import { Positions, type OffsetStore } from './positions.js';
import {
  SliceWorker,
  type BatchHandler,
  type PoisonHook,
  type SliceOutcome,
} from './slice-worker.js';
import { Standstill } from './standstill.js';

declareFailpoints(['kafka.batch.before', 'kafka.batch.after']);
const atConnect = crossing('kafka.connect');
const atSubscribe = crossing('kafka.subscribe');

export interface GroupReaderOptions {
  readonly kafka: Kafka;
  readonly group: string;
  /** Stable over restarts, e.g. `intent-1`: the assignment and the eviction of a dead predecessor go by it. */
  readonly instance: string;
  readonly topics: readonly string[];
  readonly offsets: OffsetStore;
  readonly onPoison: PoisonHook;
  /** Without one a crash makes the group wait for the dead member's session. */
  readonly members?: MemberStore;
  readonly logger?: Logger;
  /** Ends the process, for the supervisor to restart. Default: `process.exit(1)`. */
  readonly exit?: (reason: string) => void;
  /** The topics must have equal partition counts, so that partition n of all is read here. Default false. */
  readonly coPartitioned?: boolean;
  /**
   * For whom nobody waits: messages are gathered so long (at most `maxWaitMs`, or until they are many) before they are
   * fetched, and handled in few commits. Default 0: a fetch answers with the first message.
   */
  readonly gatherMs?: number;
  readonly timings?: Partial<GroupTimings>;
}

export interface GroupTimings {
  /** Default 6 s, the broker's minimum. */
  readonly sessionMs: number;
  /** Default 300 ms: how soon a member learns of a rebalance. */
  readonly heartbeatMs: number;
  /**
   * Default 500 ms: how long a fetch waits for a first message, which ends it at once. Each costs client and broker some
   * 2 ms of processor, so that idle groups live cheaply; heartbeats wait behind it.
   */
  readonly maxWaitMs: number;
  /** Default 60 s without any progress while the broker answers. */
  readonly standstillMs: number;
  /** Default 4 s for leaving the group. */
  readonly closeMs: number;
  /** Default 3: attempts of an error that doesn't pass by itself, before the batch is halved. */
  readonly attemptsMax: number;
}

const DEFAULTS: GroupTimings = {
  sessionMs: 6_000,
  heartbeatMs: 300,
  maxWaitMs: 500,
  standstillMs: 60_000,
  closeMs: 4_000,
  attemptsMax: 3,
};

const LOOK_EVERY_MS = 5_000;
const BROKER_ANSWERS_WITHIN_MS = 3_000;
const DEGRADED_AFTER_MS = 10_000;
const PARTITIONS_AT_ONCE = 4;
/** So much is not waited for any longer. */
const GATHERED_BYTES = 1024 * 1024;

/**
 * A member of a consumer group that hands batches to a function. What was handled is decided by the offset stored with
 * the effects (compare-and-set in the handler's commit), never by Kafka's: below it a message is dropped, a hole seeks
 * back, outside the log the process ends.
 */
export class GroupReader {
  private readonly consumer: Consumer;
  private readonly admin: Admin;
  private readonly positions: Positions;
  private readonly hints: Hints;
  private readonly worker: SliceWorker;
  private readonly standstill: Standstill;
  private readonly timings: GroupTimings;
  private readonly stopping = new AbortController();
  private cluster: Cluster | undefined;
  private watch: NodeJS.Timeout | undefined;
  private probe: Promise<boolean> | undefined;
  private joined = false;
  private joins = 0;
  private exited = false;

  constructor(
    private readonly options: GroupReaderOptions,
    handle: BatchHandler,
  ) {
    const { kafka, group, offsets, onPoison, logger } = options;
    this.timings = { ...DEFAULTS, ...options.timings };
    const { heartbeatMs, attemptsMax, standstillMs } = this.timings;
    this.consumer = this.createConsumer(kafka);
    this.admin = kafka.admin();
    this.positions = new Positions(group, offsets, this.admin);
    this.hints = new Hints(this.consumer);
    const beatEveryMs = heartbeatMs;
    this.worker = new SliceWorker({ handle, onPoison, attemptsMax, beatEveryMs, logger });
    this.standstill = new Standstill(standstillMs, Date.now());
  }

  /** Returns at once: a service starts without Kafka, and the group is joined when a broker answers. */
  start(): void {
    this.listen();
    this.hints.start();
    this.watch = setInterval(() => void this.look(), LOOK_EVERY_MS);
    void this.join();
  }

  /** `degraded`: not in the group, or no fetch has succeeded for 10 s. */
  status(): 'up' | 'degraded' {
    const idle = this.standstill.idleMs(Date.now());
    return this.joined && idle < DEGRADED_AFTER_MS ? 'up' : 'degraded';
  }

  /** Finishes the batch at hand, leaves the group. A handler that outlasts the deadline ends the process. */
  async close(): Promise<void> {
    this.stopping.abort();
    clearInterval(this.watch);
    const orderly = (async () => {
      await this.hints.stop();
      await this.consumer.disconnect();
      await this.admin.disconnect();
      return true;
    })().catch(() => true);
    if (await within(this.timings.closeMs, orderly, false)) return;
    // Leaving hangs while no broker answers; that is harmless. A handler still at work is not.
    if (this.standstill.busy()) this.exit('the shutdown deadline passed while a batch was handled');
  }

  private createConsumer(kafka: Kafka): Consumer {
    const { group, instance, coPartitioned = false, gatherMs = 0 } = this.options;
    const { maxWaitMs } = this.timings;
    const assigner = coPartition(instance, coPartitioned);
    return kafka.consumer({
      groupId: group,
      partitionAssigners: [
        (given) => {
          this.cluster = given.cluster as unknown as Cluster;
          return assigner(given);
        },
      ],
      sessionTimeout: this.timings.sessionMs,
      heartbeatInterval: this.timings.heartbeatMs,
      minBytes: gatherMs > 0 ? GATHERED_BYTES : 1,
      maxWaitTimeInMs: gatherMs > 0 ? Math.min(gatherMs, maxWaitMs) : maxWaitMs,
      allowAutoTopicCreation: false,
      retry: PATIENT, // kafkajs would take its own five retries here, not the client's.
    });
  }

  private listen(): void {
    const { group, instance, members, logger } = this.options;
    const { GROUP_JOIN, FETCH, CRASH } = this.consumer.events;
    this.consumer.on(FETCH, () => this.standstill.active(Date.now()));
    this.consumer.on(GROUP_JOIN, ({ payload }) => {
      this.positions.forgetAll();
      this.hints.forgetAll();
      this.joined = true;
      this.standstill.active(Date.now());
      const { memberId, memberAssignment, duration } = payload;
      logger?.info({ group, instance, memberId, memberAssignment, duration }, 'joined the group');
      members?.save(group, instance, memberId).catch((error: unknown) => {
        logger?.warn({ group, instance, error: reasonOf(error) }, 'member id not stored');
      });
      void this.startFromStored(memberAssignment);
      if (this.cluster !== undefined)
        void leaveLostCoordinator(this.cluster, group).catch(() => {});
    });
    this.consumer.on(CRASH, ({ payload: { error, restart } }) => {
      this.joined = false;
      if (restart) logger?.warn({ group, error: reasonOf(error) }, 'the consumer restarts itself');
      else this.exit(`the consumer of ${group} crashed for good: ${reasonOf(error)}`);
    });
  }

  private async join(): Promise<void> {
    const { group, instance, topics, members, logger } = this.options;
    for (let attempt = 1; !this.stopping.signal.aborted; attempt += 1) {
      try {
        await this.admin.connect();
        await atConnect(() => this.consumer.connect());
        await atSubscribe(() =>
          this.consumer.subscribe({ topics: [...topics], fromBeginning: true }),
        );
        if (members !== undefined && this.cluster !== undefined) {
          await evictPredecessor(this.cluster, members, group, instance, logger);
        }
        if (this.stopping.signal.aborted) return;
        return await this.consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
          eachBatch: (payload) => this.onFetched(payload),
        });
      } catch (error) {
        if (this.stopping.signal.aborted) return;
        if (needsPerson(error)) {
          return this.exit(`${group} can't read ${topics.join(', ')}: ${reasonOf(error)}`);
        }
        logger?.warn({ group, topics, attempt, error: reasonOf(error) }, 'not in the group yet');
        await pause(backoffMs(attempt), this.stopping.signal);
      }
    }
  }

  /**
   * Every partition is read from its stored offset. Kafka's hint may be ahead of that (a restored backup), even at the
   * partition's end; kafkajs hands out nothing from there, so that nobody would notice before the next message. A topic
   * made anew is found here too.
   */
  private async startFromStored(assignment: Record<string, number[]>): Promise<void> {
    this.joins += 1;
    const join = this.joins;
    const present = () => this.joins === join && !this.stopping.signal.aborted && !this.exited;
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) {
        for (let attempt = 1; present(); attempt += 1) {
          try {
            const offset = await this.positions.of(topic, partition);
            if (present()) this.consumer.seek({ topic, partition, offset: String(offset) });
            break;
          } catch (error) {
            if (this.exitIfOutsideLog(error)) return;
            await pause(backoffMs(attempt), this.stopping.signal);
          }
        }
      }
    }
  }

  private async onFetched(payload: EachBatchPayload): Promise<void> {
    if (!this.mayGoOn(payload)) return;
    try {
      await this.handleFetched(payload);
    } catch (error) {
      if (!this.exitIfOutsideLog(error)) throw error;
    }
  }

  private async handleFetched(payload: EachBatchPayload): Promise<void> {
    const { batch, resolveOffset } = payload;
    const { topic, partition } = batch;
    const want = await this.expected(payload);
    if (want === undefined) return;
    // `fetchedOffset` is missing in kafkajs's types. It, not the first message's offset, shows a hole: compaction and
    // control records leave natural gaps.
    const { fetchedOffset } = batch as unknown as { fetchedOffset: string };
    if (BigInt(fetchedOffset) > want) return this.seekBack(topic, partition);

    const messages = batch.messages.filter(({ offset }) => BigInt(offset) >= want);
    const to = BigInt(batch.lastOffset()) + 1n;
    if (messages.length === 0) {
      // Handled before: Kafka's hint was behind. When it is far behind, go to the place at once.
      resolveOffset(batch.lastOffset());
      if (to < want) this.consumer.seek({ topic, partition, offset: String(want) });
      return;
    }
    const run = messages.map((message) => toConsumed(topic, partition, message));
    await this.handleRun({ topic, partition, messages: run, from: want, to }, payload);
    lag.set(
      { group: this.options.group, topic, partition },
      Number(BigInt(batch.highWatermark) - (await this.positions.of(topic, partition))),
    );
  }

  private async handleRun(run: Batch, payload: EachBatchPayload): Promise<void> {
    const { topic, partition } = run;
    for (const slice of slices(run)) {
      if (!this.mayGoOn(payload)) return;
      const outcome = await this.handleSlice(slice, payload);
      if (outcome === 'fenced') return this.seekBack(topic, partition);
      if (outcome === 'stopped') return;
      await payload.heartbeat();
    }
  }

  private async handleSlice(slice: Batch, payload: EachBatchPayload): Promise<SliceOutcome> {
    const { topic, partition } = slice;
    const labels = { group: this.options.group, topic, partition };
    const place = `${topic}/${partition}`;
    this.standstill.begin(place, Date.now());
    try {
      await failpoint('kafka.batch.before');
      const outcome = await this.worker.work(slice, {
        beat: () => payload.heartbeat(),
        mayGoOn: () => this.mayGoOn(payload),
        reached: (next) => {
          this.positions.set(topic, partition, next);
          payload.resolveOffset(String(next - 1n));
          this.hints.note(topic, partition, next);
          this.standstill.begin(place, Date.now());
          sameOffsetFails.set(labels, 0);
        },
        failing: (attempts) => {
          this.standstill.begin(place, Date.now());
          sameOffsetFails.set(labels, attempts);
        },
      });
      await failpoint('kafka.batch.after');
      return outcome;
    } finally {
      this.standstill.end(place, Date.now());
    }
  }

  /** The stored offset; waits for a lost database with heartbeats, as a handler would. */
  private async expected(payload: EachBatchPayload): Promise<bigint | undefined> {
    const { topic, partition } = payload.batch;
    for (let attempt = 1; this.mayGoOn(payload); attempt += 1) {
      try {
        return await this.positions.of(topic, partition);
      } catch (error) {
        if (!passesByItself(error)) throw error;
        this.standstill.active(Date.now());
        await pause(Math.min(backoffMs(attempt), 1_000), this.stopping.signal);
        await payload.heartbeat();
      }
    }
    return undefined;
  }

  private async seekBack(topic: string, partition: number): Promise<void> {
    this.positions.forget(topic, partition);
    const offset = await this.positions.of(topic, partition);
    const place = { group: this.options.group, topic, partition, offset: String(offset) };
    this.options.logger?.info(place, 'went back to the stored offset');
    this.consumer.seek({ topic, partition, offset: String(offset) });
  }

  private mayGoOn({ isRunning, isStale }: EachBatchPayload): boolean {
    return isRunning() && !isStale() && !this.stopping.signal.aborted && !this.exited;
  }

  private async look(): Promise<void> {
    const answers = await this.brokerAnswers();
    const verdict = this.standstill.look(Date.now(), answers, LOOK_EVERY_MS);
    if (verdict === 'standing still') {
      this.exit(`${this.options.group} stands still although the broker answers`);
    }
  }

  private brokerAnswers(): Promise<boolean> {
    // A question that waits for an absent broker is not asked twice.
    this.probe ??= this.admin
      .fetchTopicOffsets(this.options.topics[0] as string)
      .then(() => true)
      .catch(() => false)
      .finally(() => {
        this.probe = undefined;
      });
    return within(BROKER_ANSWERS_WITHIN_MS, this.probe, false);
  }

  private exitIfOutsideLog(error: unknown): boolean {
    if (!(error instanceof KafkaFault) || error.code !== 'offset_outside_log') return false;
    this.exit(error.message);
    return true;
  }

  private exit(reason: string): void {
    if (this.exited) return;
    this.exited = true;
    this.joined = false;
    clearInterval(this.watch);
    this.options.logger?.error({ group: this.options.group, reason }, 'the process must end');
    (this.options.exit ?? (() => process.exit(1)))(reason);
  }
}
