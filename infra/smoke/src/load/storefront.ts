import { randomUUID } from 'node:crypto';
import {
  encode,
  type MessageData,
  type MessageName,
  partitionOf,
  paymentId,
  STOREFRONT_ORDERS,
} from '@paylog/contracts';
import { createKafka, createPublisher, type Publisher } from '@paylog/kafka';
import { STOREFRONT } from '@paylog/local';
import type { Acked, AckedRequest, Channel } from '../witness.js';
import { Gate } from './gate.js';
import { accepted, type Answer, ask, insist, pause } from './insist.js';

/** An attempt at an order. */
export interface Attempt {
  readonly orderId: string;
  readonly attempt: number;
  readonly channel: Channel;
  readonly minor: number;
  readonly currency: string;
}

export type Splits = NonNullable<MessageData<typeof STOREFRONT_ORDERS, 'OrderPlaced'>['splits']>;

/** Where a storefront reaches us. */
export interface Reach {
  readonly intentUrls: readonly string[];
  readonly stateUrls: readonly string[];
  readonly brokers: readonly string[];
  readonly apiKey: string;
}

/** What a storefront needs to read of a payment. */
interface View {
  readonly label: string;
  readonly final: boolean;
}

type OrderMessage = MessageName<typeof STOREFRONT_ORDERS>;

const LOOK_EVERY_MS = 400;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * A storefront that knows every replica, repeats each request until it is answered, and writes down what was
 * acknowledged to it.
 */
export class Storefront {
  /** Closed while nobody may promise anything by HTTP. */
  readonly gate = new Gate();
  readonly #publisher: Publisher;
  #turn = 0;

  constructor(
    private readonly reach: Reach,
    private readonly acked: Acked,
    private readonly signal: AbortSignal,
  ) {
    const brokers = [...reach.brokers];
    this.#publisher = createPublisher(
      createKafka({ brokers, clientId: 'paylog-crash-test', logger: SILENT }),
    );
  }

  /** False: refused, and that is an answer too. */
  async place(
    order: Attempt,
    rest: { captureMode: 'automatic' | 'manual'; paymentMethod: string; splits?: Splits },
  ): Promise<boolean> {
    const { orderId, attempt, channel, minor, currency } = order;
    const amount = { minor: String(minor), currency };
    const body = { orderId, attempt, amount, ...rest };
    const taken =
      channel === 'kafka'
        ? await this.#send(orderId, 'OrderPlaced', { storefront: STOREFRONT, ...body })
        : await this.#post('', body, `${orderId}/${attempt}/${minor}`);
    if (taken) {
      const id = paymentOf(order);
      this.acked.orders.push({ orderId, attempt, paymentId: id, channel, at: Date.now() });
    }
    return taken;
  }

  /** All that is left, or a part: then more may follow. */
  async capture(order: Attempt, reference: string, minor?: number): Promise<boolean> {
    const { currency } = order;
    const some =
      minor === undefined ? {} : { amount: { minor: String(minor), currency }, final: false };
    const content = { reference, ...some };
    const taken =
      order.channel === 'kafka'
        ? await this.#send(order.orderId, 'OrderReadyToShip', { ...names(order), ...content })
        : await this.#post(`/${paymentOf(order)}/capture`, content);
    return this.#noted(taken, { kind: 'capture', reference }, order);
  }

  async refund(order: Attempt, reference: string, minor?: number): Promise<boolean> {
    const { currency } = order;
    const some = minor === undefined ? {} : { amount: { minor: String(minor), currency } };
    const taken =
      order.channel === 'kafka'
        ? await this.#send(order.orderId, 'RefundRequested', {
            ...names(order),
            reference,
            ...some,
          })
        : await this.#post(`/${paymentOf(order)}/refunds`, { reference, ...some });
    return this.#noted(taken, { kind: 'refund', reference }, order);
  }

  async void(order: Attempt): Promise<boolean> {
    const taken = await this.#post(`/${paymentOf(order)}/void`, {});
    return this.#noted(taken, { kind: 'void' }, { ...order, channel: 'http' });
  }

  async cancel(order: Attempt): Promise<boolean> {
    const data = { storefront: STOREFRONT, orderId: order.orderId, reason: 'changed_mind' };
    const taken = await this.#send(order.orderId, 'OrderCancelled', data);
    return this.#noted(taken, { kind: 'cancel' }, { ...order, channel: 'kafka' });
  }

  /** Waits until payment-state says so of this payment; false: it is final without, as a payment method's loss ends it. */
  async until(order: Attempt, holds: (view: View) => boolean): Promise<boolean> {
    for (;;) {
      const view = await this.view(order);
      if (view && holds(view)) return true;
      if (view?.final) return false;
      await pause(LOOK_EVERY_MS, this.signal);
    }
  }

  async view(order: Attempt): Promise<View | undefined> {
    const { stateUrls, apiKey } = this.reach;
    const url = `${this.#next(stateUrls)}/v1/payments/${paymentOf(order)}`;
    const answer = await ask(url, { headers: { authorization: `Bearer ${apiKey}` } });
    return accepted(answer) ? (JSON.parse(answer.body) as View) : undefined;
  }

  /** What the shopper must do next, as intent says. */
  async nextAction(order: Attempt): Promise<string | undefined> {
    const { intentUrls, apiKey } = this.reach;
    const url = `${this.#next(intentUrls)}/v1/payment-intents/${paymentOf(order)}`;
    const answer = await ask(url, { headers: { authorization: `Bearer ${apiKey}` } });
    if (!accepted(answer)) return undefined;
    const { nextAction } = JSON.parse(answer.body) as { nextAction?: Record<string, string> };
    const page = nextAction?.['url'] && new URL(nextAction['url']).pathname.split('/').at(-1);
    return page ?? nextAction?.['clientToken']?.split('_secret_')[0];
  }

  close(): Promise<void> {
    return this.#publisher.close();
  }

  #noted(taken: boolean, what: Pick<AckedRequest, 'kind' | 'reference'>, order: Attempt): boolean {
    const { orderId, attempt, channel } = order;
    const at = Date.now();
    const id = paymentOf(order);
    if (taken) {
      this.acked.requests.push({ ...what, orderId, attempt, paymentId: id, channel, at });
    }
    return taken;
  }

  async #post(path: string, body: object, key?: string): Promise<boolean> {
    const { intentUrls, apiKey } = this.reach;
    const init = {
      method: 'POST',
      headers: {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      body: JSON.stringify(body),
    };
    const send = (): Promise<Answer> =>
      this.gate.through(() => ask(`${this.#next(intentUrls)}/v1/payment-intents${path}`, init));
    return accepted(await insist(send, this.signal));
  }

  /** Acknowledged by the broker when it resolves. */
  async #send<M extends OrderMessage>(
    orderId: string,
    type: M,
    data: MessageData<typeof STOREFRONT_ORDERS, M>,
  ): Promise<true> {
    const headers = {
      ce_id: randomUUID(),
      ce_type: type,
      ce_source: STOREFRONT,
      ce_specversion: '1.0',
      ce_time: new Date().toISOString(),
      'content-type': 'application/json',
    };
    const value = encode(STOREFRONT_ORDERS, type, data);
    const message = { partition: partitionOf(orderId), key: orderId, value, headers };
    await this.#publisher.publish(STOREFRONT_ORDERS, [message]);
    return true;
  }

  #next(urls: readonly string[]): string {
    this.#turn += 1;
    return urls[this.#turn % urls.length] as string;
  }
}

export function paymentOf({ orderId, attempt }: Pick<Attempt, 'orderId' | 'attempt'>): string {
  return paymentId({ mode: 'test', storefront: STOREFRONT, orderId, attempt });
}

const names = ({ orderId, attempt }: Attempt) => ({ storefront: STOREFRONT, orderId, attempt });
