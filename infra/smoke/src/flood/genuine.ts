import { createHash, randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { signatureHeader } from '@paylog/gateways';
import type { AckedWebhook } from '../witness.js';
import { type Answer, ask } from './ask.js';

export interface GenuineOptions {
  readonly urls: readonly string[];
  readonly secret: string;
  readonly perSecond: number;
  /** Nobody waits for an answer any more. */
  readonly signal: AbortSignal;
}

interface Answered {
  readonly at: number;
  readonly tookMs: number;
}

const ANSWERED_WITHIN_MS = 20_000;
/** As a gateway's library would: an answer that says "later" is asked again. */
const AGAIN_MS = 1_000;

/** A gateway's own deliveries, at a steady rate whatever else comes in: how long each takes to be acknowledged. */
export class GenuineWebhooks {
  readonly acked: AckedWebhook[] = [];
  /** Answers that a genuine delivery must never get. */
  readonly wrong: string[] = [];
  /** How often it was told to come again, and how often because we were late. */
  later = 0;
  lateByUs = 0;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #answered: Answered[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #running: Promise<void> | undefined;
  #ended = false;

  constructor(private readonly options: GenuineOptions) {}

  start(): void {
    this.#running = this.#pour();
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#running;
    await Promise.all(this.#underWay);
    this.#agent.destroy();
  }

  latency(from: number, to: number): number[] {
    return this.#answered.filter(({ at }) => at >= from && at < to).map(({ tookMs }) => tookMs);
  }

  async #pour(): Promise<void> {
    const startedAt = Date.now();
    for (let sent = 0; !this.#ended && !this.options.signal.aborted; sent++) {
      const at = startedAt + (sent * 1_000) / this.options.perSecond;
      await sleep(Math.max(0, at - Date.now()));
      const sending = this.#deliver(sent);
      this.#underWay.add(sending);
      void sending.finally(() => this.#underWay.delete(sending));
    }
  }

  async #deliver(number: number): Promise<void> {
    const { urls } = this.options;
    const url = urls[number % urls.length] as string;
    const body = aboutNobody();
    const at = Date.now();
    for (;;) {
      const { status, lateByUs } = await this.#post(url, body);
      if (status === 200) break;
      if (this.options.signal.aborted) return;
      if (status !== 503 && status !== 0 && !lateByUs) {
        this.wrong.push(`a genuine webhook got ${status}`);
      }
      this.later += 1;
      if (lateByUs) this.lateByUs += 1;
      if (this.#ended && Date.now() - at > ANSWERED_WITHIN_MS) {
        this.wrong.push(`a genuine webhook was not taken in ${ANSWERED_WITHIN_MS / 1_000} s`);
        return;
      }
      await sleep(AGAIN_MS);
    }
    this.#answered.push({ at, tookMs: Date.now() - at });
    const sha256 = createHash('sha256').update(body).digest('hex');
    this.acked.push({ sha256, url, at: Date.now() });
  }

  #post(url: string, body: Buffer): Promise<Answer> {
    const seconds = Math.floor(Date.now() / 1_000);
    const signature = signatureHeader(body, this.options.secret, seconds);
    const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
    const to = new URL(url);
    return ask({ method: 'POST', path: to.pathname, headers, body }, to, this.#agent);
  }
}

function aboutNobody(): Buffer {
  const event = {
    id: `evt_${randomUUID().replaceAll('-', '')}`,
    object: 'event',
    created: Math.floor(Date.now() / 1_000),
    data: { object: { id: `cus_${randomUUID().slice(0, 8)}`, object: 'customer' } },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type: 'customer.updated',
  };
  return Buffer.from(JSON.stringify(event));
}
