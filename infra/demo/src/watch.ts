import {
  CUSTOMER_NOTIFICATIONS,
  decodeMessage,
  FULFILLMENT_EVENTS,
  type MessageData,
  PAYMENTS_EVENTS,
  PAYMENTS_INTENTS,
  type PaymentState,
} from '@paylog/contracts';
import { EventEmitter } from 'node:events';
import type { EachMessagePayload, Kafka } from 'kafkajs';
import { follow, type Following } from './follow.js';
import type { SeenAttempt } from './scenario.js';

type Refused = MessageData<typeof PAYMENTS_INTENTS, 'IntentRefused'>;
type Conflicted = MessageData<typeof PAYMENTS_INTENTS, 'IntentConflicted'>;

interface SeenPayment extends SeenAttempt {
  state: PaymentState | undefined;
  version: number;
  readonly refused: Refused[];
  readonly conflicted: Conflicted[];
  readonly goods: string[];
  readonly told: string[];
  /** Identities of what was counted already: a topic may hold a message twice. */
  readonly ids: Set<string>;
}

const TOPICS = [PAYMENTS_INTENTS, PAYMENTS_EVENTS, FULFILLMENT_EVENTS, CUSTOMER_NOTIFICATIONS];

/** Reads the topics that storefronts read, and remembers what they say about each payment. */
export class Watch {
  readonly #payments = new Map<string, SeenPayment>();
  readonly #changes = new EventEmitter().setMaxListeners(0);

  #following: Following | undefined;

  static async start(kafka: Kafka): Promise<Watch> {
    const watch = new Watch();
    watch.#following = await follow(kafka, TOPICS, (message) => watch.#take(message));
    return watch;
  }

  payment(paymentId: string): SeenAttempt {
    return this.#of(paymentId);
  }

  /** Resolves with the probe's first answer, asked again whenever something is read about one of the payments. */
  until<T>(
    what: () => string,
    paymentIds: readonly string[],
    probe: () => T | undefined,
    deadlineMs: number,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = probe();
        if (found === undefined) return;
        stop();
        resolve(found);
      };
      const late = setTimeout(() => {
        stop();
        reject(new Error(`waited ${deadlineMs / 1_000} s in vain for ${what()}`));
      }, deadlineMs);
      const stop = () => {
        clearTimeout(late);
        for (const id of paymentIds) this.#changes.off(id, look);
      };
      for (const id of paymentIds) this.#changes.on(id, look);
      look();
    });
  }

  /** Everything the topics hold now has been read. */
  async caughtUp(): Promise<void> {
    await this.#following?.caughtUp();
  }

  async close(): Promise<void> {
    await this.#following?.close();
  }

  #take({ topic, message }: EachMessagePayload): void {
    const { ce_id: id, ce_type: type } = message.headers ?? {};
    if (id === undefined || type === undefined) return;
    // What doesn't decode is not for us: the services park it.
    const paymentId = this.#read(topic, String(id), String(type), message.value);
    if (paymentId !== undefined) this.#changes.emit(paymentId);
  }

  #read(topic: string, id: string, type: string, value: Buffer | null): string | undefined {
    switch (topic) {
      case PAYMENTS_EVENTS:
        return this.#readEvent(type, value);
      case PAYMENTS_INTENTS:
        return this.#readIntent(id, type, value);
      case FULFILLMENT_EVENTS:
        return this.#readGoods(id, type, value);
      default:
        return this.#readNotification(id, type, value);
    }
  }

  #readEvent(type: string, value: Buffer | null): string | undefined {
    const decoded = decodeMessage(PAYMENTS_EVENTS, type, value);
    if (!decoded.ok) return undefined;
    const { paymentId, version, state } = decoded.data;
    const seen = this.#of(paymentId);
    if (version <= seen.version) return undefined;
    seen.version = version;
    seen.state = state;
    return paymentId;
  }

  #readIntent(id: string, type: string, value: Buffer | null): string | undefined {
    const decoded = decodeMessage(PAYMENTS_INTENTS, type, value);
    if (!decoded.ok) return undefined;
    const seen = this.#of(decoded.data.paymentId);
    if (seen.ids.has(id)) return undefined;
    if (decoded.type === 'IntentRefused') seen.refused.push(decoded.data);
    else if (decoded.type === 'IntentConflicted') seen.conflicted.push(decoded.data);
    else return undefined;
    seen.ids.add(id);
    return decoded.data.paymentId;
  }

  #readGoods(id: string, type: string, value: Buffer | null): string | undefined {
    const decoded = decodeMessage(FULFILLMENT_EVENTS, type, value);
    if (!decoded.ok) return undefined;
    const seen = this.#of(decoded.data.paymentId);
    if (seen.ids.has(id)) return undefined;
    seen.ids.add(id);
    seen.goods.push(type);
    return decoded.data.paymentId;
  }

  #readNotification(id: string, type: string, value: Buffer | null): string | undefined {
    const decoded = decodeMessage(CUSTOMER_NOTIFICATIONS, type, value);
    if (!decoded.ok) return undefined;
    const seen = this.#of(decoded.data.paymentId);
    if (seen.ids.has(id)) return undefined;
    seen.ids.add(id);
    seen.told.push(decoded.data.kind);
    return decoded.data.paymentId;
  }

  #of(paymentId: string): SeenPayment {
    const known = this.#payments.get(paymentId);
    if (known) return known;
    const seen: SeenPayment = {
      state: undefined,
      version: 0,
      refused: [],
      conflicted: [],
      goods: [],
      told: [],
      ids: new Set(),
    };
    this.#payments.set(paymentId, seen);
    return seen;
  }
}
