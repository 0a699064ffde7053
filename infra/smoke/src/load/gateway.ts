import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { signatureHeader } from '@paylog/gateways';
import type { Acked } from '../witness.js';
import { Abandoned, accepted, type Answer, ask, insist, pause } from './insist.js';

export interface GatewayOptions {
  /** Where each replica takes webhooks. */
  readonly urls: readonly string[];
  readonly sandboxUrl: string;
  readonly account: string;
  readonly apiKey: string;
  readonly webhookSecret: string;
  readonly perSecond: number;
}

interface Event {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly object: Record<string, unknown> };
}

/** How often the newest events of the sandbox are told once more. */
const ECHO_EVERY_MS = 400;
const ECHOES = 3;
/** Beyond, nobody answers and more would only be more of the same. */
const UNDER_WAY_MAX = 200;
const TICK_MS = 50;

/**
 * A gateway beside the sandbox, with its secret: a steady stream of events that are about no payment, so that some are
 * always being acknowledged when something dies; and echoes of the sandbox's newest events, which name the payment by
 * the gateway's ids only, so that they may come before anybody knows whose they are.
 */
export class GatewayStream {
  readonly #underWay = new Set<Promise<void>>();
  readonly #echoed = new Set<string>();
  #turn = 0;
  #starts = 0;
  #running = false;
  #loops: Promise<void>[] = [];

  constructor(
    private readonly options: GatewayOptions,
    private readonly acked: Acked,
    private readonly signal: AbortSignal,
  ) {}

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#loops = [this.#pour(), this.#echo(), this.#turnSandbox()];
  }

  /** Ends when everything that was sent is acknowledged, or the load was ended. */
  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
    await Promise.all(this.#underWay);
  }

  /** The sandbox knows one address: from start to start another replica's. */
  async #turnSandbox(): Promise<void> {
    const { urls, sandboxUrl, account, webhookSecret } = this.options;
    this.#starts += 1;
    await ask(`${sandboxUrl}/sandbox/webhook-endpoints/${account}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url: urls[this.#starts % urls.length], secret: webhookSecret }),
    });
  }

  async #pour(): Promise<void> {
    const started = Date.now();
    let sent = 0;
    while (this.#running && !this.signal.aborted) {
      const due = Math.floor(((Date.now() - started) / 1_000) * this.options.perSecond);
      for (; sent < due; sent += 1) this.#send(aboutNobody());
      await sleep(TICK_MS);
    }
  }

  async #echo(): Promise<void> {
    while (this.#running && !this.signal.aborted) {
      for (const event of await this.#newest()) {
        if (this.#echoed.has(event.id)) continue;
        this.#echoed.add(event.id);
        this.#send(echoOf(event));
      }
      await sleep(ECHO_EVERY_MS);
    }
  }

  async #newest(): Promise<Event[]> {
    const { sandboxUrl, apiKey } = this.options;
    const url = `${sandboxUrl}/v1/events?limit=${ECHOES}`;
    const answer = await ask(url, { headers: { authorization: `Bearer ${apiKey}` } });
    return accepted(answer) ? (JSON.parse(answer.body) as { data: Event[] }).data : [];
  }

  #send(body: Buffer): void {
    if (this.#underWay.size >= UNDER_WAY_MAX) return;
    const sending = this.#deliver(body).catch((error: unknown) => {
      if (!(error instanceof Abandoned)) throw error;
    });
    this.#underWay.add(sending);
    void sending.finally(() => this.#underWay.delete(sending));
  }

  async #deliver(body: Buffer): Promise<void> {
    let url = '';
    const send = () => {
      this.#turn += 1;
      url = this.options.urls[this.#turn % this.options.urls.length] as string;
      return this.#post(url, body);
    };
    // What is refused for good would be a fault of this stream; a gateway insists on that too.
    for (;;) {
      const answer = await insist(send, this.signal);
      if (accepted(answer)) break;
      await pause(TICK_MS, this.signal);
    }
    const sha256 = createHash('sha256').update(body).digest('hex');
    this.acked.webhooks.push({ sha256, url, at: Date.now() });
  }

  #post(url: string, body: Buffer): Promise<Answer> {
    const signature = signatureHeader(
      body,
      this.options.webhookSecret,
      Math.floor(Date.now() / 1_000),
    );
    return ask(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'stripe-signature': signature },
      body: new Uint8Array(body),
    });
  }
}

function aboutNobody(): Buffer {
  return bytesOf({
    object: 'event',
    created: Math.floor(Date.now() / 1_000),
    data: { object: { id: `cus_${randomUUID().slice(0, 8)}`, object: 'customer' } },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type: 'customer.updated',
  });
}

/** The same object told by an event of its own, without our payment's id in its metadata. */
function echoOf(event: Event): Buffer {
  const { metadata, ...object } = event.data.object;
  const { paylog_payment: _ours, ...rest } = (metadata ?? {}) as Record<string, string>;
  return bytesOf({ ...event, data: { object: { ...object, metadata: rest } } });
}

function bytesOf(event: object): Buffer {
  const id = `evt_${randomUUID().replaceAll('-', '')}`;
  return Buffer.from(JSON.stringify({ ...event, id }));
}
