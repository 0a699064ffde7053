import { paymentId } from '@paylog/contracts';
import { type GatewayAccount, signatureHeader, STRIPE_METADATA } from '@paylog/gateways';

/** Webhooks as Stripe sends them, for this service's specs. */

export const SECRET = 'whsec_spec';
export const PAYMENT = paymentId({
  mode: 'test',
  storefront: 'shop',
  orderId: 'order-1',
  attempt: 1,
});

export const ACCOUNT: GatewayAccount = {
  account: 'stripe-main',
  gateway: 'stripe',
  mode: 'test',
  apiBaseUrl: 'http://127.0.0.1:1',
  webhookSecrets: [{ name: 'STRIPE_WEBHOOK_SECRET', value: SECRET }],
  settlement: { dueDays: 0 },
};

const AT = 1_772_366_400;

export function event(id: string, type: string, object: object): object {
  return { id, object: 'event', type, created: AT, livemode: false, data: { object } };
}

/** A PaymentIntent that was captured; its metadata names the payment, if any. */
export function paid(id: string, payment?: string, container = 'pi_1'): object {
  return event(id, 'payment_intent.succeeded', {
    id: container,
    object: 'payment_intent',
    amount: 1000,
    amount_received: 1000,
    amount_capturable: 0,
    currency: 'eur',
    status: 'succeeded',
    capture_method: 'automatic',
    created: AT,
    metadata: payment === undefined ? {} : { [STRIPE_METADATA.payment]: payment },
    latest_charge: container.replace('pi', 'ch'),
    last_payment_error: null,
    cancellation_reason: null,
    client_secret: null,
    next_action: null,
  });
}

/** A refund made in the gateway's dashboard: nothing of ours in it. */
export function refunded(id: string, more: object = {}): object {
  return event(id, 'refund.created', {
    id: 're_1',
    object: 'refund',
    amount: 400,
    currency: 'eur',
    status: 'succeeded',
    created: AT,
    metadata: {},
    charge: 'ch_1',
    payment_intent: 'pi_1',
    reason: null,
    ...more,
  });
}

export const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export const signed = (body: Buffer, secret = SECRET): string =>
  signatureHeader(body, secret, Math.floor(Date.now() / 1_000));
