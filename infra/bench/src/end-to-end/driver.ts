// Sends webhooks at a fixed rate whatever becomes of them, and reads the topic of releases: one process, so that both times
// are of one clock. A latency counts from when a webhook was due, not from when it could be sent.
import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKafka } from '@paylog/kafka';
import type { Consumer } from 'kafkajs';
import { latencies, type Latency } from '../ingest/latency.js';

export interface Drive {
  readonly url: string;
  readonly secret: string;
  readonly brokers: string[];
  /** Where releases come out, keyed by payment. */
  readonly topic: string;
  /** The `ce_type` of a release; other messages of the topic don't count. */
  readonly type: string;
  readonly payments: readonly string[];
  readonly perSecond: number;
}

export interface Driven {
  readonly acked: number;
  readonly released: number;
  readonly seconds: number;
  readonly latencyMs: Latency;
}

const AMOUNT = 1_000;
/** So long after the last webhook the last release may come. */
const RELEASED_WITHIN_MS = 60_000;
const TICK_MS = 2;

process.on('message', (drive: Drive) => {
  void new Driver(drive).run().then((driven) => process.send?.(driven));
});
process.on('disconnect', () => process.exit());

class Driver {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 });
  readonly #due = new Map<string, number>();
  readonly #took: number[] = [];
  #acked = 0;
  #answered = 0;

  constructor(private readonly drive: Drive) {}

  async run(): Promise<Driven> {
    const consumer = await this.#listen();
    const { payments, perSecond } = this.drive;
    const started = performance.now();
    for (let sent = 0; sent < payments.length; await sleep(TICK_MS)) {
      // The first is due at once.
      const due = 1 + Math.floor(((performance.now() - started) * perSecond) / 1_000);
      for (; sent < Math.min(due, payments.length); sent++) {
        const payment = payments[sent] ?? '';
        this.#due.set(payment, started + (sent * 1_000) / perSecond);
        this.#send(payment);
      }
    }
    const last = performance.now();
    const done = (): boolean =>
      this.#answered === payments.length && this.#took.length >= this.#acked;
    while (!done() && performance.now() - last < RELEASED_WITHIN_MS) await sleep(5);
    const seconds = (performance.now() - started) / 1_000;
    this.#agent.destroy();
    await consumer.disconnect();
    return {
      acked: this.#acked,
      released: this.#took.length,
      seconds,
      latencyMs: latencies(Float64Array.from(this.#took)),
    };
  }

  /** From the end of the topic on; resolves when the reader has its partitions. */
  async #listen(): Promise<Consumer> {
    const { brokers, topic, type } = this.drive;
    const kafka = createKafka({ brokers, clientId: 'bench-driver' });
    const groupId = `bench-driver-${process.pid}-${Date.now()}`;
    const consumer = kafka.consumer({ groupId, minBytes: 1, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: false });
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        const now = performance.now();
        for (const { key, headers } of batch.messages) {
          const payment = key?.toString() ?? '';
          const due = this.#due.get(payment);
          if (due === undefined || String(headers?.['ce_type']) !== type) continue;
          this.#due.delete(payment);
          this.#took.push(now - due);
        }
      },
    });
    await joined;
    await sleep(500); // Joined is not yet placed: it asks for the ends of the partitions next.
    return consumer;
  }

  #send(payment: string): void {
    const { url, secret } = this.drive;
    const seconds = Math.floor(Date.now() / 1_000);
    const body = webhook(payment, seconds);
    const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
    const sent = request(url, {
      method: 'POST',
      agent: this.#agent,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(body),
        'stripe-signature': `t=${seconds},v1=${signature}`,
      },
    });
    const answered = (ok: boolean): void => {
      this.#answered += 1;
      if (ok) this.#acked += 1;
    };
    sent.on('response', (response) => {
      response.resume();
      answered(response.statusCode === 200);
    });
    sent.on('error', () => answered(false));
    sent.end(body);
  }
}

/** A PaymentIntent of ours that was captured automatically. */
function webhook(payment: string, created: number): string {
  const id = payment.slice(3);
  return JSON.stringify({
    id: `evt_${id}`,
    object: 'event',
    created,
    data: {
      object: {
        id: `pi_${id}`,
        object: 'payment_intent',
        amount: AMOUNT,
        amount_capturable: 0,
        amount_received: AMOUNT,
        cancellation_reason: null,
        capture_method: 'automatic',
        client_secret: null,
        created,
        currency: 'eur',
        last_payment_error: null,
        latest_charge: `ch_${id}`,
        livemode: false,
        metadata: { paylog_payment: payment },
        next_action: null,
        status: 'succeeded',
      },
    },
    livemode: false,
    type: 'payment_intent.succeeded',
  });
}
