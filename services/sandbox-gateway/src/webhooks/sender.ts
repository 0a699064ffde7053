import { createHash } from 'node:crypto';
import Stripe from 'stripe';
import type { EventRecord, Store } from '../store.js';
import type { Timers } from '../timers.js';
import { sendingsOf, type Sending } from './plan.js';

const FIRST_RETRY_MS = 200;
const RETRY_MAX_MS = 30_000;
const ANSWER_WITHIN_MS = 10_000;
/** Connections to one endpoint at a time; the provider sends in parallel too. */
const IN_FLIGHT_MAX = 32;

export interface Settled {
  /** Zero when every event is acknowledged and nothing waits to be sent, planned repeats included. */
  readonly pending: number;
}

/**
 * Sends events until they are acknowledged, each attempt with a new time and a new signature. An attempt that failed is
 * made again, 200 ms to 30 s later, for ever: whoever was down gets everything.
 */
export class Sender {
  readonly #store: Store;
  readonly #seed: string;
  readonly #stripe = new Stripe('sk_test_signs_only');
  readonly #timers: Timers;
  readonly #queue: (() => Promise<void>)[] = [];
  readonly #stop = new AbortController();
  #inFlight = 0;

  constructor(store: Store, seed: string, timers: Timers) {
    this.#store = store;
    this.#seed = seed;
    this.#timers = timers;
  }

  /** A new event. */
  accept(eventId: string): void {
    const event = this.#store.get('events', eventId);
    if (event === undefined) return;
    const sendings = sendingsOf(this.#store, this.#seed, event);
    const { silent = false } = this.#store.get('endpoints', event.account) ?? {};
    if (silent || sendings.length === 0) {
      this.#store.put('events', eventId, { ...event, givenUp: true });
      return;
    }
    for (const sending of sendings) this.#schedule(sending, 1);
  }

  /** Sends an event once more, whatever became of it. */
  resend(eventId: string, how: Pick<Sending, 'signedWrong' | 'repeat'>): void {
    this.#schedule({ eventId, delayMs: 0, ...how }, 1);
  }

  /** After a restart: what was not acknowledged. Planned repeats are forgotten, they were only mischief. */
  resume(): void {
    for (const { object, delivered, givenUp } of this.#store.all('events')) {
      if (!delivered && givenUp !== true) {
        const sending = {
          eventId: object.id,
          delayMs: 0,
          signedWrong: false,
          repeat: 'none',
        } as const;
        this.#schedule(sending, 1);
      }
    }
  }

  /** Sends all that waits now, and answers when that is done. Failed ones wait for their next retry. */
  async settle(): Promise<Settled> {
    this.#timers.runAll();
    while (this.#inFlight > 0 || this.#queue.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const open = this.#store
      .all('events')
      .filter(({ delivered, givenUp }) => !delivered && givenUp !== true).length;
    return { pending: Math.max(open, this.#timers.size) };
  }

  close(): void {
    this.#timers.close();
    this.#queue.length = 0;
    this.#stop.abort();
  }

  #schedule(sending: Sending, attempt: number): void {
    this.#timers.after(sending.delayMs, () => {
      this.#queue.push(() => this.#send(sending, attempt));
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#inFlight < IN_FLIGHT_MAX) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.#inFlight += 1;
      void next().finally(() => {
        this.#inFlight -= 1;
        this.#pump();
      });
    }
  }

  async #send(sending: Sending, attempt: number): Promise<void> {
    const event = this.#store.get('events', sending.eventId);
    if (event === undefined) return;
    const endpoint = this.#store.get('endpoints', event.account);
    if (endpoint === undefined) {
      this.#retry(sending, attempt);
      return;
    }
    const body = bodyOf(event, sending, attempt);
    const secrets = sending.signedWrong ? ['whsec_of_somebody_else'] : endpoint.secrets;
    const status = await this.#post(endpoint.url, body, this.#signatureOf(body, secrets));
    if (this.#stop.signal.aborted) return;
    this.#record(event, sending, attempt, body, status);
    const acknowledged = status !== null && status >= 200 && status < 300;
    if (acknowledged) {
      const now = this.#store.get('events', sending.eventId) ?? event;
      if (!now.delivered) this.#store.put('events', sending.eventId, { ...now, delivered: true });
      return;
    }
    this.#retry({ ...sending, signedWrong: false }, attempt);
  }

  #retry(sending: Sending, attempt: number): void {
    const delayMs = Math.min(RETRY_MAX_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 10));
    this.#schedule({ ...sending, delayMs }, attempt + 1);
  }

  /** One time, and a `v1` of every secret. */
  #signatureOf(payload: string, secrets: readonly string[]): string {
    const timestamp = Math.floor(Date.now() / 1000);
    const signatures = secrets.map((secret) => {
      const header = this.#stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
      return header.slice(header.indexOf('v1='));
    });
    return [`t=${timestamp}`, ...signatures].join();
  }

  async #post(url: string, body: string, signature: string): Promise<number | null> {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': signature,
          'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
        },
        body,
        redirect: 'error',
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return null; // Nobody there, or no answer in time: a failed attempt like any other.
    }
  }

  #record(
    event: EventRecord,
    sending: Sending,
    attempt: number,
    body: string,
    status: number | null,
  ): void {
    this.#store.put('deliveries', String(this.#store.count('deliveries') + 1), {
      account: event.account,
      eventId: event.object.id,
      eventType: event.object.type,
      ...(event.paymentIntentId === undefined ? {} : { paymentIntentId: event.paymentIntentId }),
      attempt,
      sha256: createHash('sha256').update(body).digest('hex'),
      at: new Date().toISOString(),
      status,
      signedWrong: sending.signedWrong,
    });
  }
}

/** Pretty-printed, as the provider sends it. Whether repeats are the same to the byte is not promised: some are not. */
function bodyOf(event: EventRecord, sending: Sending, attempt: number): string {
  const varied = sending.repeat === 'varied' || (attempt > 1 && attempt % 2 === 0);
  const object = varied
    ? { ...event.object, pending_webhooks: event.object.pending_webhooks + attempt }
    : event.object;
  return JSON.stringify(object, null, 2);
}
