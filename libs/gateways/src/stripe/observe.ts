import type { Money } from '@paylog/payment-domain';
import { GatewayFault } from '../fault.js';
import type { ContainerStatus, NextAction, ObservedPayment, ObservedRefund } from '../port.js';
import { fromStripeAmount } from './currency.js';
import { classifyDecline } from './declines.js';
import { capturesIn, incrementsIn, operationIn, paymentIn } from './metadata.js';
import { idOf, type PaymentIntentShape, type RefundShape } from './shapes.js';

const CONTAINER_STATUSES: readonly ContainerStatus[] = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'requires_capture',
  'succeeded',
  'canceled',
];
const REFUND_STATUSES: readonly ObservedRefund['status'][] = [
  'pending',
  'requires_action',
  'succeeded',
  'failed',
  'canceled',
];

/** A PaymentIntent in our words. Throws `GatewayFault` for a status or an amount we don't know: never guessed. */
export function observePayment(intent: PaymentIntentShape): ObservedPayment {
  const status = known(intent.status, CONTAINER_STATUSES, 'status of a PaymentIntent');
  const error = intent.last_payment_error;
  // It outlives the try it is about: only these two states are about the try that failed.
  const failed = status === 'requires_payment_method' || status === 'canceled' ? error : null;
  const authorizationId =
    failed === null ? idOf(intent.latest_charge) : (failed.charge ?? undefined);
  const nextAction = nextActionOf(intent);
  const { paymentId, session, authorization, capture } = oursIn(intent.metadata);
  return {
    containerId: intent.id,
    status,
    createdAt: timeOf(intent.created),
    amount: moneyOf(intent.amount, intent.currency),
    captureMode: intent.capture_method === 'manual' ? 'manual' : 'automatic',
    capturable: moneyOf(intent.amount_capturable, intent.currency),
    captured: moneyOf(intent.amount_received, intent.currency),
    ...(authorizationId === undefined ? {} : { authorizationId }),
    ...(failed === null ? {} : { decline: classifyDecline(failed) }),
    ...(intent.cancellation_reason === null ? {} : { canceledBecause: intent.cancellation_reason }),
    ...(nextAction === undefined ? {} : { nextAction }),
    ours: {
      ...(paymentId === undefined ? {} : { paymentId }),
      ...(session === undefined ? {} : { session }),
      ...(authorization === undefined ? {} : { authorization }),
      ...(capture === undefined ? {} : { capture }),
      captures: capturesIn(intent.metadata),
      increments: incrementsIn(intent.metadata),
    },
  };
}

/** A Refund in our words. */
export function observeRefund(refund: RefundShape): ObservedRefund {
  const containerId = idOf(refund.payment_intent);
  const authorizationId = idOf(refund.charge);
  const metadata = refund.metadata ?? {};
  const paymentId = paymentIn(metadata);
  const operation = operationIn(metadata, 'refund');
  return {
    refundId: refund.id,
    status: known(refund.status ?? 'null', REFUND_STATUSES, 'status of a Refund'),
    createdAt: timeOf(refund.created),
    amount: moneyOf(refund.amount, refund.currency),
    ...(containerId === undefined ? {} : { containerId }),
    ...(authorizationId === undefined ? {} : { authorizationId }),
    ...(refund.failure_reason === undefined ? {} : { failureReason: refund.failure_reason }),
    ours: {
      ...(paymentId === undefined ? {} : { paymentId }),
      ...(operation === undefined ? {} : { operation }),
    },
  };
}

/** RFC 3339 of Stripe's seconds. */
export function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** An API amount as our money, or a fault that says which one can't be. */
export function moneyOf(amount: number, currency: string): Money {
  const money = fromStripeAmount(amount, currency);
  if (money === undefined) {
    throw new GatewayFault(
      'amount_unreadable',
      `${amount} ${currency} has no exact value in our units: add the currency to the table, or ask the gateway`,
      false,
    );
  }
  return money;
}

function oursIn(metadata: PaymentIntentShape['metadata']) {
  return {
    paymentId: paymentIn(metadata),
    session: operationIn(metadata, 'session'),
    authorization: operationIn(metadata, 'authorization'),
    capture: operationIn(metadata, 'capture'),
  };
}

function nextActionOf(intent: PaymentIntentShape): NextAction | undefined {
  if (intent.status !== 'requires_action') return undefined;
  const url = intent.next_action?.redirect_to_url?.url;
  if (url !== undefined && url !== null) return { type: 'redirect', url };
  return intent.client_secret === null
    ? undefined
    : { type: 'sdk', clientToken: intent.client_secret };
}

function known<T extends string>(value: string, list: readonly T[], what: string): T {
  const found = list.find((each) => each === value);
  if (found === undefined) {
    throw new GatewayFault(
      'status_unknown',
      `"${value}" is not a ${what} we know: map it before its money is counted`,
      false,
    );
  }
  return found;
}
