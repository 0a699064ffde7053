import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, randomFrom } from '../random.js';
import type { Acked } from '../witness.js';
import { type GatewayOptions, GatewayStream } from './gateway.js';
import { Abandoned, accepted, ask, pause } from './insist.js';
import { ordersOf, type Planned, someOrder } from './orders.js';
import type { Bank, Story } from './stories.js';
import { type Attempt, paymentOf, type Reach, Storefront } from './storefront.js';

export interface LoadOptions {
  readonly seed: number;
  readonly reach: Reach;
  readonly gateway: GatewayOptions;
  readonly ordersPerSecond: number;
}

/** Beyond, the system stands still, and more orders would only wait with the others. */
const OPEN_MAX = 150;

/**
 * Orders by Kafka and by HTTP, and what their storefronts ask for afterwards; beside them a stream of webhooks. The seed
 * says which orders come one after the other; when is up to the machine.
 */
export class Load {
  readonly acked: Acked = { webhooks: [], orders: [], requests: [] };
  readonly #ended = new AbortController();
  readonly #shop: Storefront;
  readonly #stream: GatewayStream;
  readonly #open = new Map<string, { story: Story; playing: Promise<void> }>();
  readonly #orders: Generator<Planned, never>;
  readonly #random: Random;
  #probes = 0;
  #placing: Promise<void> | undefined;
  #running = false;

  constructor(private readonly options: LoadOptions) {
    // Everybody who waits listens for the end.
    setMaxListeners(0, this.#ended.signal);
    this.#orders = ordersOf(options.seed);
    this.#random = randomFrom(options.seed);
    this.#shop = new Storefront(options.reach, this.acked, this.#ended.signal);
    this.#stream = new GatewayStream(options.gateway, this.acked, this.#ended.signal);
  }

  get ackedCount(): number {
    const { webhooks, orders, requests } = this.acked;
    return webhooks.length + orders.length + requests.length;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#stream.start();
    this.#placing = this.#placeOrders();
  }

  /** Places nothing more. Answers the stories that are not over after `deadlineMs`. */
  async pause(deadlineMs: number): Promise<string[]> {
    this.#running = false;
    await this.#placing;
    const settled = Promise.all([
      this.#stream.stop(),
      ...[...this.#open.values()].map(({ playing }) => playing),
    ]);
    await Promise.race([settled, sleep(deadlineMs, undefined, { ref: false })]);
    return [...this.#open].map(([orderId, { story }]) => `${orderId} (${story.name})`);
  }

  /** Nothing is promised by HTTP until `work` is done; what was promised before is already answered. */
  async withoutPromises<T>(work: () => Promise<T>): Promise<T> {
    await this.#shop.gate.close();
    try {
      return await work();
    } finally {
      this.#shop.gate.open();
    }
  }

  /** An order that is paid at once; resolves when it was taken. */
  async probe(): Promise<Attempt> {
    this.#probes += 1;
    const orderId = `probe-${this.options.seed}-${this.#probes}`;
    const order = { ...someOrder(orderId, this.#random), channel: 'http' as const };
    await this.#shop.place(order, { captureMode: 'automatic', paymentMethod: 'pm_card_visa' });
    return order;
  }

  /** Also when nobody answers any more: what waits for the broker is given up first. */
  async end(): Promise<void> {
    this.#running = false;
    this.#ended.abort();
    this.#shop.gate.open();
    await this.#shop.close();
    await this.#placing;
    await this.#stream.stop();
    await Promise.all([...this.#open.values()].map(({ playing }) => playing));
  }

  async #placeOrders(): Promise<void> {
    const everyMs = 1_000 / this.options.ordersPerSecond;
    while (this.#running) {
      if (this.#open.size < OPEN_MAX) this.#begin(this.#orders.next().value);
      await sleep(everyMs);
    }
  }

  #begin({ story, order }: Planned): void {
    const playing = this.#play(story, order)
      .catch((error: unknown) => {
        if (!(error instanceof Abandoned) && !this.#ended.signal.aborted) throw error;
      })
      .finally(() => this.#open.delete(order.orderId));
    this.#open.set(order.orderId, { story, playing });
  }

  async #play(story: Story, order: Attempt): Promise<void> {
    const { captureMode, paymentMethod, goOn } = story;
    const taken = await this.#shop.place(order, {
      captureMode,
      paymentMethod,
      ...(story.splits && { splits: story.splits }),
    });
    if (taken) await goOn?.(order, this.#shop, this.#bank);
  }

  readonly #bank: Bank = {
    approve: async (order) => {
      const { sandboxUrl } = this.options.gateway;
      for (;;) {
        // A shopper who finds no page any more has gone, and the payment ends without them.
        if ((await this.#shop.view(order))?.final === true) return;
        const page = await this.#shop.nextAction(order);
        const answer = await ask(`${sandboxUrl}/sandbox/3ds/${page ?? paymentOf(order)}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ decision: 'approve' }),
        });
        if (accepted(answer)) return;
        await pause(300, this.#ended.signal);
      }
    },
  };
}
