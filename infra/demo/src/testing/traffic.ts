import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { toWireMoney } from '@paylog/contracts';
import { signatureHeader } from '@paylog/gateways';
import { ACCOUNT } from '@paylog/local';
import { HttpFailure } from '../http.js';
import type { Order } from '../orders.js';
import { SCENARIOS } from '../scenarios.js';
import { Shop } from '../shop.js';
import { RunningSystem } from '../system.js';
import type { OwnSystem } from './own-system.js';

/** How one request ended, and how long that took. */
export interface Answer {
  readonly url: string;
  /** 0: the connection broke. */
  readonly status: number;
  readonly retryAfter: string | null;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** One request, no patience: what is said now is what counts. */
export async function ask(url: string, init: RequestInit): Promise<Answer> {
  const startedAt = Date.now();
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(20_000) });
    await response.arrayBuffer();
    const retryAfter = response.headers.get('retry-after');
    return { url, status: response.status, retryAfter, startedAt, endedAt: Date.now() };
  } catch {
    return { url, status: 0, retryAfter: null, startedAt, endedAt: Date.now() };
  }
}

export const accepted = ({ status }: Answer) => status >= 200 && status < 300;

/** The gateway, played by the spec. */
export class Gateway {
  readonly #secret: string;
  readonly #key: string;

  constructor(private readonly own: OwnSystem) {
    const { STRIPE_MAIN_WEBHOOK_SECRET, STRIPE_MAIN_API_KEY } = own.system.configuration.secrets;
    this.#secret = STRIPE_MAIN_WEBHOOK_SECRET;
    this.#key = STRIPE_MAIN_API_KEY;
  }

  /** Where each replica takes webhooks. */
  get urls(): string[] {
    const { urls } = this.own.system.service('webhook-ingest');
    return urls.map((url) => `${url}/webhooks/stripe/${ACCOUNT}`);
  }

  sign(body: Buffer, { secret = this.#secret, ageSeconds = 0 } = {}): string {
    return signatureHeader(body, secret, Math.floor(Date.now() / 1_000) - ageSeconds);
  }

  post(url: string, body: Buffer, signature: string | null = this.sign(body)): Promise<Answer> {
    const headers = { 'content-type': 'application/json' };
    return ask(url, {
      method: 'POST',
      body: new Uint8Array(body),
      headers: signature === null ? headers : { ...headers, 'stripe-signature': signature },
    });
  }

  /** The payment intent is paid: told about the object as it is at the gateway. */
  async paid(intentId: string): Promise<Buffer> {
    const url = `${this.own.running.url('sandbox-gateway')}/v1/payment_intents/${intentId}`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${this.#key}` } });
    return eventOf('payment_intent.succeeded', (await answer.json()) as object);
  }
}

/** The bytes of an event like Stripe's. */
export function eventOf(type: string, object: object): Buffer {
  const event = {
    id: `evt_${randomUUID().replaceAll('-', '')}`,
    object: 'event',
    created: Math.floor(Date.now() / 1_000),
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
  };
  return Buffer.from(JSON.stringify(event));
}

export const digestOf = (body: Buffer) => createHash('sha256').update(body).digest('hex');

const AUTOMATIC = SCENARIOS.find(({ name }) => name === 'automatic_capture') as Order['scenario'];

/** An order that is paid at once. */
export function someOrder(): Order {
  const amount = { minor: 1_999n, currency: 'EUR' };
  return { orderId: `outage-${randomUUID()}`, scenario: AUTOMATIC, amount, channel: 'http' };
}

/** Places it at one replica of intent, once. The same order again is the same request again. */
export function place({ running }: OwnSystem, url: string, order: Order): Promise<Answer> {
  const { orderId, amount, scenario } = order;
  const { captureMode, paymentMethod } = scenario;
  const body = { orderId, attempt: 1, amount: toWireMoney(amount), captureMode, paymentMethod };
  return ask(`${url}/v1/payment-intents`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${running.run.apiKey}`,
      'content-type': 'application/json',
      'idempotency-key': orderId,
    },
    body: JSON.stringify(body),
  });
}

/** Requests to every replica of intent and webhook-ingest, all the time. */
export interface Traffic {
  readonly answers: Answer[];
  /** Orders that were acknowledged. */
  readonly orders: Order[];
  /** Digests of webhooks that were acknowledged. */
  readonly webhooks: string[];
  /** Ends when what was begun is acknowledged. */
  stop(): Promise<void>;
  /** Ends whatever was acknowledged. */
  abandon(): void;
}

const PAUSE_MS = 100;

/** Each order and each webhook is sent until it is acknowledged, as storefronts and gateways do. */
export function startTraffic(own: OwnSystem, gateway: Gateway): Traffic {
  let stopped = false;
  let abandoned = false;
  const answers: Answer[] = [];
  const orders: Order[] = [];
  const webhooks: string[] = [];
  const untilAccepted = async (send: () => Promise<Answer>) => {
    for (;;) {
      const answer = await send();
      answers.push(answer);
      await sleep(PAUSE_MS);
      if (accepted(answer) || abandoned) return;
    }
  };
  const placing = own.system.service('intent').urls.map(async (url) => {
    while (!stopped) {
      const order = someOrder();
      await untilAccepted(() => place(own, url, order));
      orders.push(order);
    }
  });
  const telling = gateway.urls.map(async (url) => {
    while (!stopped) {
      const body = eventOf('customer.updated', { id: 'cus_1', object: 'customer' });
      await untilAccepted(() => gateway.post(url, body));
      webhooks.push(digestOf(body));
    }
  });
  return {
    answers,
    orders,
    webhooks,
    async stop() {
      stopped = true;
      await Promise.all([...placing, ...telling]);
    },
    abandon() {
      stopped = true;
      abandoned = true;
    },
  };
}

const PATIENCE_MS = 60_000;

/** A storefront that knows every replica of intent, and tries the next one when one is away. */
export class PatientShop implements Pick<Shop, 'perform'> {
  readonly #shops: readonly Shop[];
  readonly #views: readonly RunningSystem[];
  #turn = 0;

  constructor({ running: { run } }: OwnSystem) {
    this.#views = run.services.intent.map(
      (url) => new RunningSystem({ ...run, services: { ...run.services, intent: [url] } }),
    );
    this.#shops = this.#views.map((view) => new Shop(view));
  }

  async perform(...asked: Parameters<Shop['perform']>): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const shop = this.#shops[(this.#turn += 1) % this.#shops.length] as Shop;
      try {
        return await shop.perform(...asked);
      } catch (error) {
        const refused = error instanceof HttpFailure && error.status < 500;
        if (refused || Date.now() > end) throw error;
        await sleep(PAUSE_MS);
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#shops.map((shop) => shop.close()));
    await Promise.all(this.#views.map((view) => view.close()));
  }
}
