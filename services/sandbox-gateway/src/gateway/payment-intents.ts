import type Stripe from 'stripe';
import type { IntentRecord } from '../store.js';
import { ApiError, missing, refusedByState } from './api-error.js';
import { behaviourOf, type Behaviour, type Decline } from './behaviour.js';
import { bookCapture, chargeOf, makeCharge, recordEffect, saveCharge } from './charges.js';
import type { Emitted } from './events.js';
import { newId } from './new-id.js';
import { paymentIntentObject } from './objects.js';
import { idOf } from './reference.js';
import { seconds, type Caller, type World } from './world.js';

type Intent = Stripe.PaymentIntent;

export interface CreateIntent {
  readonly amount: number;
  readonly currency: string;
  readonly captureMethod: 'automatic' | 'automatic_async' | 'manual';
  readonly confirm: boolean;
  readonly paymentMethod?: string;
  readonly customer?: string;
  readonly description?: string;
  readonly metadata: Record<string, string>;
  readonly returnUrl?: string;
}

export function createIntent(world: World, caller: Caller, from: CreateIntent): Intent {
  const id = newId('pi');
  const object = paymentIntentObject({
    id,
    amount: from.amount,
    currency: from.currency,
    captureMethod: from.captureMethod,
    clientSecret: `${id}_secret_${newId('x').slice(2)}`,
    created: seconds(world),
    customer: from.customer ?? null,
    description: from.description ?? null,
    metadata: from.metadata,
    paymentMethod: from.paymentMethod ?? null,
  });
  saveIntent(world, {
    account: caller.account,
    object,
    events: 0,
    ...(from.returnUrl === undefined ? {} : { returnUrl: from.returnUrl }),
  });
  tell(world, caller, object, 'payment_intent.created');
  return from.confirm ? confirmIntent(world, caller, id, {}) : object;
}

export function confirmIntent(
  world: World,
  caller: Caller,
  id: string,
  change: { readonly paymentMethod?: string; readonly returnUrl?: string },
): Intent {
  const record = intentOf(world, caller.account, id);
  requireStatus(record.object, 'confirm', ['requires_payment_method', 'requires_confirmation']);
  const paymentMethod = change.paymentMethod ?? record.object.payment_method;
  if (typeof paymentMethod !== 'string') {
    throw refusedByState('parameter_missing', 'You cannot confirm without a payment method.', {
      param: 'payment_method',
    });
  }
  const returnUrl = change.returnUrl ?? record.returnUrl;
  const object: Intent = {
    ...record.object,
    payment_method: paymentMethod,
    last_payment_error: null,
  };
  saveIntent(world, { ...record, object, ...(returnUrl === undefined ? {} : { returnUrl }) });
  if (behaviour(object).authenticate === true) {
    return askShopper(world, caller, object, returnUrl);
  }
  return tryToPay(world, caller, object);
}

/** The shopper came through 3DS, or refused. Doing nothing is the third way. */
export function decideThreeDs(
  world: World,
  account: string,
  id: string,
  decision: 'approve' | 'refuse',
): Intent {
  const record = intentOf(world, account, id);
  requireStatus(record.object, 'authenticate', ['requires_action']);
  // The shopper's browser calls, not the merchant: no idempotency key.
  const caller: Caller = { account, requestId: newId('req', 14), idempotencyKey: null };
  const object: Intent = { ...record.object, next_action: null };
  if (decision === 'approve') {
    try {
      return tryToPay(world, caller, object);
    } catch (error) {
      // The decline is in the PaymentIntent; nobody waits for it here.
      if (!(error instanceof ApiError)) throw error;
      return intentOf(world, account, id).object;
    }
  }
  const refused: Intent = {
    ...object,
    status: 'requires_payment_method',
    payment_method: null,
    last_payment_error: {
      code: 'payment_intent_authentication_failure',
      message: 'The provided PaymentMethod has failed authentication.',
      type: 'invalid_request_error',
    },
  };
  update(world, refused);
  tell(world, caller, refused, 'payment_intent.payment_failed');
  return refused;
}

export interface Capture {
  readonly amount?: number;
  readonly final: boolean;
  readonly metadata: Record<string, string>;
}

export function captureIntent(world: World, caller: Caller, id: string, capture: Capture): Intent {
  const { object: before } = intentOf(world, caller.account, id);
  requireStatus(before, 'capture', ['requires_capture']);
  const amount = capture.amount ?? before.amount_capturable;
  if (amount > before.amount_capturable) {
    throw refusedByState(
      'amount_too_large',
      `The amount to capture (${amount}) is greater than what is capturable (${before.amount_capturable}).`,
      { param: 'amount_to_capture', payment_intent: before },
    );
  }
  const charge = chargeOf(world, before);
  const received = before.amount_received + amount;
  const rest = capture.final ? 0 : before.amount_capturable - amount;
  const transaction = bookCapture(world, caller, charge, amount);
  const captured = saveCharge(world, caller.account, {
    ...charge,
    amount_captured: received,
    captured: rest === 0,
    balance_transaction: transaction,
  });
  const object: Intent = {
    ...before,
    amount_received: received,
    amount_capturable: rest,
    metadata: { ...before.metadata, ...capture.metadata },
    status: rest === 0 ? 'succeeded' : 'requires_capture',
  };
  update(world, object);
  recordEffect(world, caller, 'captured', captured, captured.id, amount);
  tellCharge(world, caller, captured, 'charge.captured');
  tell(
    world,
    caller,
    object,
    rest === 0 ? 'payment_intent.succeeded' : 'payment_intent.amount_capturable_updated',
  );
  return object;
}

export function cancelIntent(
  world: World,
  caller: Caller,
  id: string,
  reason: Intent['cancellation_reason'],
): Intent {
  const { object: before } = intentOf(world, caller.account, id);
  requireStatus(before, 'cancel', [
    'requires_payment_method',
    'requires_confirmation',
    'requires_action',
    'requires_capture',
  ]);
  const object: Intent = {
    ...before,
    status: 'canceled',
    canceled_at: seconds(world),
    cancellation_reason: reason,
    amount_capturable: 0,
    next_action: null,
  };
  update(world, object);
  if (before.status === 'requires_capture') release(world, caller, before);
  tell(world, caller, object, 'payment_intent.canceled');
  return object;
}

/** What was authorized and not captured goes back; an uncaptured charge is then shown as refunded. */
function release(world: World, caller: Caller, before: Intent): void {
  const charge = chargeOf(world, before);
  recordEffect(world, caller, 'released', charge, charge.id, before.amount_capturable);
  if (charge.amount_captured > 0) return;
  const released = saveCharge(world, caller.account, {
    ...charge,
    amount_refunded: charge.amount,
    refunded: true,
  });
  tellCharge(world, caller, released, 'charge.refunded');
}

function askShopper(
  world: World,
  caller: Caller,
  before: Intent,
  returnUrl: string | undefined,
): Intent {
  const url = `${world.publicUrl()}/3ds/${before.id}`;
  const object: Intent = {
    ...before,
    status: 'requires_action',
    // Without a return URL the provider leaves the dialog to its browser SDK.
    next_action:
      returnUrl === undefined
        ? {
            type: 'use_stripe_sdk',
            use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: url },
          }
        : { type: 'redirect_to_url', redirect_to_url: { url, return_url: returnUrl } },
  };
  update(world, object);
  tell(world, caller, object, 'payment_intent.requires_action');
  return object;
}

function tryToPay(world: World, caller: Caller, before: Intent): Intent {
  const { decline } = behaviour(before);
  const charge = makeCharge(world, caller.account, before, decline);
  if (decline !== undefined) throw declined(world, caller, before, charge, decline);
  recordEffect(world, caller, 'authorized', charge, charge.id, charge.amount);
  return before.capture_method === 'manual'
    ? hold(world, caller, before, charge)
    : take(world, caller, before, charge);
}

function hold(world: World, caller: Caller, before: Intent, charge: Stripe.Charge): Intent {
  const object: Intent = {
    ...before,
    status: 'requires_capture',
    latest_charge: charge.id,
    amount_capturable: before.amount,
  };
  update(world, object);
  tellCharge(world, caller, charge, 'charge.succeeded');
  tell(world, caller, object, 'payment_intent.amount_capturable_updated');
  return object;
}

function take(world: World, caller: Caller, before: Intent, charge: Stripe.Charge): Intent {
  const transaction = bookCapture(world, caller, charge, charge.amount);
  const captured = saveCharge(world, caller.account, {
    ...charge,
    amount_captured: charge.amount,
    captured: true,
  });
  const object: Intent = {
    ...before,
    status: 'succeeded',
    latest_charge: charge.id,
    amount_received: before.amount,
  };
  update(world, object);
  recordEffect(world, caller, 'captured', captured, captured.id, captured.amount);
  tellCharge(world, caller, captured, 'charge.succeeded');
  tell(world, caller, object, 'payment_intent.succeeded');
  // The balance transaction is attached a moment later, which is an event of its own.
  const booked = saveCharge(world, caller.account, {
    ...captured,
    balance_transaction: transaction,
  });
  tellCharge(world, caller, booked, 'charge.updated', { balance_transaction: null });
  return object;
}

function declined(
  world: World,
  caller: Caller,
  before: Intent,
  charge: Stripe.Charge,
  decline: Decline,
): ApiError {
  const advice = decline.adviceCode === undefined ? {} : { advice_code: decline.adviceCode };
  const object: Intent = {
    ...before,
    status: 'requires_payment_method',
    payment_method: null,
    latest_charge: charge.id,
    next_action: null,
    last_payment_error: {
      ...advice,
      charge: charge.id,
      code: decline.code,
      decline_code: decline.declineCode,
      message: decline.message,
      type: 'card_error',
    },
  };
  update(world, object);
  tellCharge(world, caller, charge, 'charge.failed');
  tell(world, caller, object, 'payment_intent.payment_failed');
  return new ApiError(
    402,
    {
      type: 'card_error',
      code: decline.code,
      decline_code: decline.declineCode,
      ...advice,
      message: decline.message,
      charge: charge.id,
      payment_intent: object,
    },
    true,
  );
}

export function intentOf(world: World, account: string, id: string): IntentRecord {
  const record = world.store.get('intents', id);
  if (record === undefined || record.account !== account)
    throw missing('payment_intent', id, 'intent');
  return record;
}

/** The behaviour of the method used for the last try, which the object itself may have dropped. */
export function behaviour(intent: Intent): Behaviour {
  const method = typeof intent.payment_method === 'string' ? intent.payment_method : '';
  return behaviourOf(method) ?? {};
}

function requireStatus(intent: Intent, act: string, allowed: readonly string[]): void {
  if (allowed.includes(intent.status)) return;
  throw refusedByState(
    'payment_intent_unexpected_state',
    `You cannot ${act} this PaymentIntent because it has a status of ${intent.status}.`,
    { payment_intent: intent },
  );
}

function saveIntent(world: World, record: IntentRecord): void {
  world.store.put('intents', record.object.id, record);
}

function update(world: World, object: Intent): void {
  const record = world.store.get('intents', object.id);
  if (record === undefined) throw new Error(`${object.id} is missing`);
  saveIntent(world, { ...record, object });
}

type IntentEvent = Extract<Emitted, `payment_intent.${string}`>;
type ChargeEvent =
  'charge.succeeded' | 'charge.captured' | 'charge.failed' | 'charge.refunded' | 'charge.updated';

function tell(world: World, caller: Caller, object: Intent, type: IntentEvent): void {
  world.emitter.emit(
    { account: caller.account, caller, paymentIntentId: object.id, at: seconds(world) },
    type,
    object,
  );
}

export function tellCharge(
  world: World,
  caller: Caller,
  object: Stripe.Charge,
  type: ChargeEvent,
  previous?: Record<string, unknown>,
): void {
  const paymentIntentId = idOf(object.payment_intent);
  world.emitter.emit(
    { account: caller.account, caller, paymentIntentId, at: seconds(world) },
    type,
    object,
    previous,
  );
}
