import { createKafka, createPublisher, type Publisher, readPartition } from '@paylog/kafka';

const TOPIC = 'crash-test.probe';
const PARTITIONS = 8;
/** As fast as the brokers answer, with a rest in between: two cores are busy enough. */
const REST_MS = 100;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Writes to every partition of a topic of its own as our relays do, one batch after the other: how long no write was
 * acknowledged, and whether what was acknowledged is there at the end.
 */
export class AckProbe {
  readonly #publisher: Publisher;
  readonly #acked: string[] = [];
  readonly #ackedAt: number[] = [];
  #count = 0;
  #running: Promise<void> | undefined;
  #ended = false;

  constructor(private readonly brokers: string[]) {
    this.#publisher = createPublisher(this.#kafka());
  }

  async start(): Promise<void> {
    const admin = this.#kafka().admin();
    await admin.connect();
    try {
      await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }] });
    } finally {
      await admin.disconnect();
    }
    this.#running = this.#write();
    this.#running.catch(() => {}); // Whoever stops it hears of it.
  }

  /** Writes no more; resolves when the last batch is acknowledged. */
  async stop(): Promise<void> {
    this.#ended = true;
    await this.#running;
  }

  /** Also when nobody will acknowledge anything any more. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#publisher.close();
    await this.#running?.catch(() => {});
  }

  get acked(): number {
    return this.#acked.length;
  }

  /** The longest time without an acknowledgement between two moments. */
  longestGapMs(from: number, to: number): number {
    return longestGap(this.#ackedAt, from, to);
  }

  /** What was acknowledged and is not in the topic. */
  async lost(): Promise<string[]> {
    const found = new Set<string>();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      for await (const messages of readPartition(this.#kafka(), TOPIC, partition, 0n)) {
        for (const { value } of messages) found.add(String(value));
      }
    }
    return this.#acked.filter((each) => !found.has(each));
  }

  async #write(): Promise<void> {
    while (!this.#ended) {
      const batch = Array.from({ length: PARTITIONS }, (_, partition) => ({
        partition,
        key: null,
        value: Buffer.from(String((this.#count += 1))),
        headers: {},
      }));
      await this.#publisher.publish(TOPIC, batch);
      this.#ackedAt.push(Date.now());
      this.#acked.push(...batch.map(({ value }) => String(value)));
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
    }
  }

  #kafka() {
    return createKafka({ brokers: this.brokers, clientId: TOPIC, logger: SILENT });
  }
}

/** The longest time without one of these moments, from one moment to another. */
export function longestGap(moments: readonly number[], from: number, to: number): number {
  let longest = 0;
  let last = from;
  for (const at of moments.toSorted((a, b) => a - b)) {
    if (at <= from || at > to) continue;
    longest = Math.max(longest, at - last);
    last = at;
  }
  return Math.max(longest, to - last);
}
