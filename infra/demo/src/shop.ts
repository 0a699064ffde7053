import { randomUUID } from 'node:crypto';
import {
  encode,
  type MessageData,
  type MessageName,
  partitionOf,
  paymentId,
  STOREFRONT_ORDERS,
  toWireMoney,
} from '@paylog/contracts';
import { createPublisher, type Publisher } from '@paylog/kafka';
import { STOREFRONT, waitFor } from '@paylog/local';
import type { Money } from '@paylog/payment-domain';
import { actAtGateway } from './at-gateway.js';
import { type HttpApi, HttpFailure } from './http.js';
import type { Order } from './orders.js';
import type { Step } from './scenario.js';
import type { RunningSystem } from './system.js';

type StepOf<D extends Step['do']> = Extract<Step, { do: D }>;

type OrderMessage = MessageName<typeof STOREFRONT_ORDERS>;

interface IntentAnswer {
  readonly nextAction?:
    | { readonly type: 'redirect'; readonly url: string }
    | { readonly type: 'sdk'; readonly clientToken: string };
}

/** A storefront and its shoppers: places orders by Kafka or HTTP, says what became of them, answers the bank's page. */
export class Shop {
  readonly #publisher: Publisher;
  readonly #intent: HttpApi;
  readonly #sandbox: HttpApi;

  constructor(system: RunningSystem) {
    this.#publisher = createPublisher(system.kafka);
    this.#intent = system.shop('intent');
    this.#sandbox = system.sandbox();
  }

  async perform(order: Order, step: Step, attempt: number): Promise<void> {
    const id = paymentOf(order.orderId, attempt);
    switch (step.do) {
      case 'place':
        return this.#place(order, step);
      case 'ready_to_ship':
        return this.#readyToShip(order, id, step);
      case 'void':
        await this.#intent.post(`/v1/payment-intents/${id}/void`, {});
        return;
      case 'cancel':
        return this.send(order.orderId, 'OrderCancelled', {
          ...names(order),
          reason: 'changed_mind',
        });
      case 'refund':
        return this.#refund(order, id, step);
      case 'approve':
      case 'refuse':
        return this.#answerBank(id, step.do);
      case 'at_gateway':
        return actAtGateway(this.#sandbox, id, step.act);
    }
  }

  /** A message of the storefront's; its key is the storefront's own choice. */
  private async send<M extends OrderMessage>(
    orderId: string,
    type: M,
    data: MessageData<typeof STOREFRONT_ORDERS, M>,
  ): Promise<void> {
    const value = encode(STOREFRONT_ORDERS, type, data);
    await this.sendBytes(orderId, type, value);
  }

  /** Whatever the bytes are. Resolves with the place of the message. */
  async sendBytes(
    orderId: string,
    type: string,
    value: Buffer,
  ): Promise<{ partition: number; offset: bigint }> {
    const partition = partitionOf(orderId);
    const headers = {
      ce_id: randomUUID(),
      ce_type: type,
      ce_source: STOREFRONT,
      ce_specversion: '1.0',
      ce_time: new Date().toISOString(),
      'content-type': 'application/json',
    };
    const message = { partition, key: orderId, value, headers };
    const next = await this.#publisher.publish(STOREFRONT_ORDERS, [message]);
    return { partition, offset: (next.get(partition) as bigint) - 1n };
  }

  close(): Promise<void> {
    return this.#publisher.close();
  }

  async #place(order: Order, step: Extract<Step, { do: 'place' }>): Promise<void> {
    const { orderId, scenario, channel } = order;
    const { attempt } = step;
    const amount: Money = {
      ...order.amount,
      minor: order.amount.minor + (step.moreMinor ?? 0n),
    };
    const { captureMode } = scenario;
    const paymentMethod = step.paymentMethod ?? scenario.paymentMethod;
    const about = { attempt, amount: toWireMoney(amount), captureMode, paymentMethod };
    const rest = { ...about, ...scenario.shared };
    if (channel === 'kafka') {
      await this.send(orderId, 'OrderPlaced', { storefront: STOREFRONT, orderId, ...rest });
      return;
    }
    // The same request has the same key; other content needs another one.
    const key = `${orderId}-${attempt}-${amount.minor}`;
    await this.#placeByHttp({ orderId, ...rest }, key);
  }

  async #placeByHttp(body: unknown, key: string): Promise<void> {
    await this.#ask('/v1/payment-intents', body, { 'idempotency-key': key });
  }

  /** A refusal or a conflict is an answer too, and published: the scenario's end asks for it. */
  async #ask(path: string, body: unknown, headers: Record<string, string> = {}): Promise<void> {
    try {
      await this.#intent.post(path, body, headers);
    } catch (error) {
      if (!(error instanceof HttpFailure) || error.status >= 500) throw error;
      if (error.status !== 409 && error.status !== 422) throw error;
    }
  }

  async #readyToShip(order: Order, id: string, { part, more }: StepOf<'ready_to_ship'>) {
    const content = {
      reference: `ship-${part ?? 'rest'}-${order.orderId}`,
      ...(part === 'half' && { amount: toWireMoney(half(order.amount)) }),
      ...(more && { final: false }),
    };
    if (order.channel === 'http') {
      await this.#ask(`/v1/payment-intents/${id}/capture`, content);
      return;
    }
    await this.send(order.orderId, 'OrderReadyToShip', { ...names(order), ...content });
  }

  async #refund(order: Order, id: string, step: StepOf<'refund'>): Promise<void> {
    const reference = `refund-${order.orderId}`;
    const { heard } = step;
    if (heard !== undefined) {
      await waitFor(`intent to have heard that ${id} is ${heard}`, async () => {
        const view = await this.#intent.get<{ status: string }>(`/v1/payment-intents/${id}`);
        return view.status === heard ? true : undefined;
      });
    }
    const some = step.part === 'half' ? { amount: toWireMoney(half(order.amount)) } : {};
    if (order.channel === 'http') {
      await this.#ask(`/v1/payment-intents/${id}/refunds`, { reference, ...some });
      return;
    }
    await this.send(order.orderId, 'RefundRequested', { ...names(order), reference, ...some });
  }

  /** The shopper is sent to the bank's page and decides there. */
  async #answerBank(id: string, decision: 'approve' | 'refuse'): Promise<void> {
    const page = await waitFor(
      `what the shopper of ${id} must do next`,
      async () => {
        const { nextAction } = await this.#intent.get<IntentAnswer>(`/v1/payment-intents/${id}`);
        if (nextAction === undefined) return undefined;
        return nextAction.type === 'redirect'
          ? new URL(nextAction.url).pathname.split('/').at(-1)
          : nextAction.clientToken.split('_secret_')[0];
      },
      { everyMs: 100 },
    );
    await this.#sandbox.post(`/sandbox/3ds/${page}`, { decision });
  }
}

export function paymentOf(orderId: string, attempt: number): string {
  return paymentId({ mode: 'test', storefront: STOREFRONT, orderId, attempt });
}

/** Rounded down: a whole number of minor units. */
export function half({ minor, currency }: Money): Money {
  return { minor: minor / 2n, currency };
}

const names = ({ orderId }: Order) => ({ storefront: STOREFRONT, orderId });
