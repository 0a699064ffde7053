import type { EventLog } from '@paylog/event-sourcing';
import { crossing } from '@paylog/failpoints';
import { sourceOf } from '@paylog/kafka';
import type { Admin, Kafka } from 'kafkajs';
import type { OwnSide } from '../statement/importer.js';

const atOwnEnd = crossing('reconciliation.own-end');

const ANSWER_MS = 5_000;

type Ends = ReadonlyMap<number, bigint>;

/** Compares the ends of a topic's partitions with the offsets that our group has committed with its effects. */
export class OwnReader implements OwnSide {
  #admin: Promise<Admin> | undefined;

  constructor(
    private readonly kafka: Kafka,
    private readonly log: Pick<EventLog, 'offset'>,
    private readonly group: string,
    private readonly topic: string,
  ) {}

  async mark(): Promise<Ends> {
    try {
      const admin = await within(ANSWER_MS, this.admin());
      const offsets = await atOwnEnd(() => within(ANSWER_MS, admin.fetchTopicOffsets(this.topic)));
      // An empty partition has nothing to read.
      const filled = offsets.filter(({ high, low }) => BigInt(high) > BigInt(low));
      return new Map(filled.map(({ partition, high }) => [partition, BigInt(high)]));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async reached(mark: unknown): Promise<boolean> {
    for (const [partition, end] of mark as Ends) {
      const next = await this.log.offset(sourceOf(this.group, this.topic), partition);
      if (next === undefined || next < end) return false;
    }
    return true;
  }

  async close(): Promise<void> {
    const admin = this.#admin;
    this.#admin = undefined;
    await within(ANSWER_MS, admin?.then((one) => one.disconnect()) ?? Promise.resolve()).catch(
      () => undefined, // It is gone either way.
    );
  }

  private admin(): Promise<Admin> {
    this.#admin ??= (async () => {
      const admin = this.kafka.admin();
      await admin.connect();
      return admin;
    })();
    return this.#admin;
  }
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Kafka did not answer within ${ms} ms`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
