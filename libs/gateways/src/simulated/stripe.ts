import { signatureHeader } from '../stripe/signature.js';
import { toStripeAmount } from '../stripe/currency.js';
import { METADATA } from '../stripe/metadata.js';
import { cannot, simulatedId, type Happening, type SimulatedWebhook } from './happening.js';

export type StripeFields = Readonly<Record<string, unknown>>;

type Builder = (story: Story) => StripeFields;

interface Story {
  readonly happening: Happening;
  readonly amount: number;
  readonly currency: string;
  readonly created: number;
  readonly id: (prefix: string, object: string) => string;
  readonly metadata: Readonly<Record<string, string>>;
}

const BUILDERS: Readonly<Record<string, Builder>> = {
  'payment_intent.processing': (story) =>
    intent(story, { status: 'processing', amount_received: 0 }),
  'payment_intent.succeeded': (story) => intent(story, {}),
  'payment_intent.canceled': (story) =>
    intent(story, {
      status: 'canceled',
      amount_received: 0,
      latest_charge: null,
      cancellation_reason: 'requested_by_customer',
    }),
  'charge.succeeded': (story) => charge(story, {}),
  'charge.failed': (story) =>
    charge(story, {
      status: 'failed',
      captured: false,
      amount_captured: 0,
      failure_code: 'card_declined',
    }),
  'charge.expired': (story) => charge(story, { captured: false, amount_captured: 0 }),
  'refund.created': (story) => refund(story, 'pending'),
  'refund.updated': (story) => refund(story, 'succeeded'),
  'refund.failed': (story) => refund(story, 'failed'),
  'charge.dispute.created': (story) => dispute(story, 'needs_response', 0),
  'charge.dispute.funds_withdrawn': (story) => dispute(story, 'needs_response', 1),
  'charge.dispute.funds_reinstated': (story) => dispute(story, 'won', 2),
  'charge.dispute.closed': (story) => dispute(story, 'lost', 1),
  'review.opened': (story) => review(story, true),
  'review.closed': (story) => review(story, false),
};

export const STRIPE_EVENTS: readonly string[] = Object.keys(BUILDERS);

/** One event as Stripe writes it. */
export function stripeEvent(happening: Happening): StripeFields {
  const { event, story, at, paymentId } = happening;
  const build = Object.hasOwn(BUILDERS, event) ? BUILDERS[event] : undefined;
  if (build === undefined) throw cannot('stripe', event);
  const money = toStripeAmount(happening.amount);
  if (!money.ok) throw cannot('stripe', event, money.problem);
  const created = Math.floor(Date.parse(at) / 1_000);
  return {
    id: simulatedId('evt_', story, `${event}/${at}`),
    object: 'event',
    created,
    livemode: false,
    type: event,
    data: {
      object: build({
        happening,
        amount: money.amount,
        currency: money.currency,
        created,
        id: (prefix, object) => simulatedId(prefix, story, object),
        metadata: paymentId === undefined ? {} : { [METADATA.payment]: paymentId },
      }),
    },
  };
}

/** A delivery, signed at this moment. */
export function stripeWebhook(
  event: StripeFields,
  secret: string,
  at = new Date(),
): SimulatedWebhook {
  const body = Buffer.from(JSON.stringify(event));
  const signature = signatureHeader(body, secret, Math.floor(at.getTime() / 1_000));
  return {
    body,
    headers: { 'content-type': 'application/json', 'stripe-signature': signature },
  };
}

function intent(
  { amount, currency, created, id, metadata }: Story,
  more: StripeFields,
): StripeFields {
  return {
    id: id('pi_', 'intent'),
    object: 'payment_intent',
    amount,
    amount_received: amount,
    amount_capturable: 0,
    currency,
    status: 'succeeded',
    capture_method: 'automatic',
    created,
    metadata,
    latest_charge: id('ch_', 'charge'),
    last_payment_error: null,
    cancellation_reason: null,
    client_secret: null,
    next_action: null,
    ...more,
  };
}

function charge(
  { amount, currency, created, id, metadata }: Story,
  more: StripeFields,
): StripeFields {
  return {
    id: id('ch_', 'charge'),
    object: 'charge',
    amount,
    amount_captured: amount,
    amount_refunded: 0,
    captured: true,
    refunded: false,
    currency,
    status: 'succeeded',
    created,
    metadata,
    payment_intent: id('pi_', 'intent'),
    failure_code: null,
    failure_balance_transaction: null,
    outcome: { reason: null, advice_code: null },
    ...more,
  };
}

function refund({ amount, currency, created, id, metadata }: Story, status: string): StripeFields {
  return {
    id: id('re_', 'refund'),
    object: 'refund',
    amount,
    currency,
    status,
    created,
    metadata,
    charge: id('ch_', 'charge'),
    payment_intent: id('pi_', 'intent'),
    reason: null,
  };
}

/** A dispute names no payment: its PaymentIntent or charge leads there. */
function dispute(
  { amount, currency, created, id }: Story,
  status: string,
  moved: number,
): StripeFields {
  const movements = [
    { id: id('txn_', 'withdrawn'), amount: -amount, fee: 1_500, currency },
    { id: id('txn_', 'reinstated'), amount, fee: 0, currency },
  ];
  return {
    id: id('du_', 'dispute'),
    object: 'dispute',
    amount,
    currency,
    status,
    reason: 'fraudulent',
    created,
    charge: id('ch_', 'charge'),
    payment_intent: id('pi_', 'intent'),
    evidence: {},
    evidence_details: { due_by: created + 7 * 24 * 60 * 60 },
    balance_transactions: movements.slice(0, moved),
  };
}

function review({ id }: Story, open: boolean): StripeFields {
  return {
    id: id('prv_', 'review'),
    object: 'review',
    open,
    closed_reason: open ? null : 'approved',
    charge: id('ch_', 'charge'),
    payment_intent: id('pi_', 'intent'),
  };
}
