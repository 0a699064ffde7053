import { createKafka, provisionTopics } from '@paylog/kafka';
import type { Consumer, Producer } from 'kafkajs';
import pg from 'pg';
import { latencies } from '../ingest/latency.js';
import type { Measured } from '../measured.js';

const TOPIC = 'bench.hops';
const SAMPLES = 150;
const COMMITS = 3;
const HOPS = 2;

/** What no build can do without: three commits and two broker hops, one after the other, with nothing around them. */
export class Floor {
  #arrived: () => void = () => undefined;

  private constructor(
    private readonly client: pg.Client,
    private readonly producer: Producer,
    private readonly consumer: Consumer,
  ) {}

  static async open(postgresUrl: string, brokers: string[]): Promise<Floor> {
    const client = new pg.Client({ connectionString: postgresUrl });
    client.on('error', () => undefined); // Its queries fail, too.
    await client.connect();
    await client.query('create table bench_commits (id int, body text)');
    const kafka = createKafka({ brokers, clientId: 'bench-floor' });
    await provisionTopics(kafka, [{ name: TOPIC, partitions: 1, config: {} }]);
    const producer = kafka.producer();
    await producer.connect();
    const consumer = kafka.consumer({ groupId: 'bench-floor', minBytes: 1, maxWaitTimeInMs: 100 });
    const floor = new Floor(client, producer, consumer);
    await consumer.connect();
    await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
    await consumer.run({ autoCommit: false, eachMessage: async () => floor.#arrived() });
    await floor.#hop();
    return floor;
  }

  async measure(): Promise<Measured> {
    const took = new Float64Array(SAMPLES);
    const began = performance.now();
    for (let i = 0; i < SAMPLES; i++) {
      const started = performance.now();
      for (let n = 0; n < COMMITS; n++) {
        await this.client.query('insert into bench_commits values ($1, $2)', [
          i,
          'x'.repeat(1_000),
        ]);
      }
      for (let n = 0; n < HOPS; n++) await this.#hop();
      took[i] = performance.now() - started;
    }
    const seconds = (performance.now() - began) / 1_000;
    return { rows: SAMPLES, acked: SAMPLES, seconds, latencyMs: latencies(took) };
  }

  async close(): Promise<void> {
    await this.consumer.disconnect();
    await this.producer.disconnect();
    await this.client.end();
  }

  /** Sent with all acknowledgements, and read by whoever waits for it. */
  async #hop(): Promise<void> {
    const arrived = new Promise<void>((resolve) => {
      this.#arrived = resolve;
    });
    await this.producer.send({ topic: TOPIC, acks: -1, messages: [{ value: 'x'.repeat(1_000) }] });
    await arrived;
  }
}
