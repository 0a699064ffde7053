import { crossing } from '@paylog/failpoints';
import type { Admin } from 'kafkajs';
import { KafkaFault } from './fault.js';
import { sourceOf } from './message.js';
import { pause } from './pause.js';

const atTopicEnds = crossing('kafka.topic-ends');

/** Where a group’s next offsets are stored, together with its effects: `{ load: (s, p) => log.offset(s, p) }`. */
export interface OffsetStore {
  load(source: string, partition: number): Promise<bigint | undefined>;
}

const CHECKS_MAX = 10;
/** One question serves all partitions of a topic at a join. */
const BOUNDS_HOLD_MS = 200;

type Bounds = Awaited<ReturnType<Admin['fetchTopicOffsets']>>;

/**
 * The next offset a group expects in each partition. Postgres is the judge; what is kept here is a copy that holds for
 * one assignment only.
 */
export class Positions {
  private readonly next = new Map<string, bigint>();
  private readonly asked = new Map<string, { at: number; bounds: Promise<Bounds> }>();

  constructor(
    private readonly group: string,
    private readonly store: OffsetStore,
    private readonly admin: Admin,
  ) {}

  /** A new assignment: others may have moved the offsets meanwhile. */
  forgetAll(): void {
    this.next.clear();
  }

  forget(topic: string, partition: number): void {
    this.next.delete(`${topic}/${partition}`);
  }

  set(topic: string, partition: number, next: bigint): void {
    this.next.set(`${topic}/${partition}`, next);
  }

  async of(topic: string, partition: number): Promise<bigint> {
    const known = this.next.get(`${topic}/${partition}`);
    if (known !== undefined) return known;
    const next = await this.load(topic, partition);
    this.set(topic, partition, next);
    return next;
  }

  /**
   * The stored offset, checked against the log. Outside of it there is no right answer: messages were deleted before
   * they were read, or the topic was made anew, and going on would skip or drop messages silently.
   */
  private async load(topic: string, partition: number): Promise<bigint> {
    const stored = await this.store.load(sourceOf(this.group, topic), partition);
    for (let check = 1; ; check += 1) {
      const { low, high } = await this.bounds(topic, partition);
      if (stored === undefined) return low;
      if (low <= stored && stored <= high) return stored;
      if (check === CHECKS_MAX) {
        const why =
          `group ${this.group} stored offset ${stored} for ${topic}/${partition}, but the log holds ` +
          `${low} to ${high}: messages were deleted unread or the topic was made anew. ` +
          'Rebuild from the log, or set the stored offset by hand';
        throw new KafkaFault('offset_outside_log', 'read', false, why);
      }
      await pause(300); // A new leader's end can lag for a moment.
    }
  }

  private async bounds(topic: string, partition: number): Promise<{ low: bigint; high: bigint }> {
    const all = await this.allBounds(topic);
    const found = all.find((one) => one.partition === partition);
    if (found === undefined) {
      const why = `topic ${topic} has no partition ${partition} any more`;
      throw new KafkaFault('no_such_partition', 'read', true, why);
    }
    return { low: BigInt(found.low), high: BigInt(found.high) };
  }

  private allBounds(topic: string): Promise<Bounds> {
    const last = this.asked.get(topic);
    if (last !== undefined && Date.now() - last.at < BOUNDS_HOLD_MS) return last.bounds;
    const bounds = atTopicEnds(() => this.admin.fetchTopicOffsets(topic));
    this.asked.set(topic, { at: Date.now(), bounds });
    return bounds;
  }
}
