import Stripe from 'stripe';
import { startSandbox, type Sandbox } from '../sandbox.js';
import type { Truth, TrueIntent } from '../admin/truth.js';
import type { DeliveryRecord } from '../store.js';
import type { Due } from '../timers.js';
import { WebhookReceiver } from './webhook-receiver.js';

export const API_KEY = 'sk_test_sandbox';
export const WEBHOOK_SECRET = 'whsec_sandbox';
export const ACCOUNT = 'stripe-main';

/** Long enough for any answer that comes at all, on however busy a machine. */
export const PATIENT_MS = 30_000;
/** For a call whose answer is lost on purpose, and for no other: it is done all the same, before or after. */
export const LOST_MS = 500;

/** A sandbox on a free port where nothing goes on by itself, the official SDK, and an endpoint that hears it. */
export interface RunningSandbox {
  readonly sandbox: Sandbox;
  readonly stripe: Stripe;
  readonly receiver: WebhookReceiver;
  /** Sends what waits, again and again, until everything is acknowledged. */
  settle(): Promise<void>;
  /** The same until what was asked has ended: a slow call does only when somebody settles. */
  settleUntil<T>(asked: Promise<T>): Promise<T>;
  /** Ten euros by a card, taken at once, if nothing else is said. */
  pay(
    paymentMethod?: string,
    more?: Partial<Stripe.PaymentIntentCreateParams>,
    options?: Stripe.RequestOptions,
  ): Promise<Stripe.PaymentIntent>;
  truth(): Promise<Truth>;
  truthOf(intent: { readonly id: string }): Promise<TrueIntent | undefined>;
  deliveries(): Promise<DeliveryRecord[]>;
  ask<T>(method: string, path: string, body?: unknown): Promise<T>;
  close(): Promise<void>;
}

export async function runSandbox(
  options: { readonly dataFile?: string; readonly due?: Due } = {},
): Promise<RunningSandbox> {
  const receiver = await WebhookReceiver.start();
  const sandbox = await startSandbox(
    {
      seed: '7',
      due: options.due ?? 'when_asked',
      accounts: [
        {
          account: ACCOUNT,
          apiKey: API_KEY,
          webhookUrl: receiver.url,
          webhookSecret: WEBHOOK_SECRET,
        },
      ],
      ...(options.dataFile === undefined ? {} : { dataFile: options.dataFile }),
    },
    { host: '127.0.0.1', port: 0 },
  );
  const url = new URL(sandbox.url);
  const stripe = new Stripe(API_KEY, {
    host: url.hostname,
    port: url.port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: PATIENT_MS,
  });
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(new URL(path, sandbox.url), {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return (await response.json()) as T;
  };
  const truth = () => ask<Truth>('GET', '/sandbox/truth');
  const settle = async () => {
    for (let round = 0; round < 50; round += 1) {
      const { pending } = await ask<{ pending: number }>('POST', '/sandbox/settle');
      if (pending === 0) return;
    }
    throw new Error('the receiver does not acknowledge');
  };
  return {
    sandbox,
    stripe,
    receiver,
    ask,
    pay: (paymentMethod = 'pm_card_visa', more = {}, options = {}) =>
      stripe.paymentIntents.create(
        {
          amount: 1000,
          currency: 'eur',
          confirm: true,
          payment_method: paymentMethod,
          automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
          ...more,
        },
        options,
      ),
    truth,
    truthOf: async ({ id }) => (await truth()).paymentIntents.find((intent) => intent.id === id),
    deliveries: () => ask<DeliveryRecord[]>('GET', '/sandbox/deliveries'),
    settle,
    async settleUntil(asked) {
      let ended = false;
      const end = () => {
        ended = true;
      };
      asked.then(end, end);
      while (!ended) await settle();
      return asked;
    },
    async close() {
      await sandbox.close();
      await receiver.close();
    },
  };
}
