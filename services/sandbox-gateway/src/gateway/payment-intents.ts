import type Stripe from 'stripe';
import { ApiError, refusedByState } from './api-error.js';
import type { Decline } from './behaviour.js';
import { makeCharge, recordEffect } from './charges.js';
import { startDelayed } from './delayed.js';
import { behaviour, intentOf, requireStatus, saveIntent, tell, update } from './intent-records.js';
import { newId } from './new-id.js';
import { paymentIntentObject, type CardRequests } from './objects.js';
import { requireDestination } from './transfers.js';
import { hold, refuse, take } from './tries.js';
import { nobody, seconds, type Caller, type World } from './world.js';

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
  readonly cardOptions: CardRequests;
  /** The shopper isn't there: nobody could authenticate. */
  readonly offSession: boolean;
  readonly setupFutureUsage: 'on_session' | 'off_session' | null;
  readonly transferData: { readonly destination: string; readonly amount?: number } | null;
  readonly transferGroup: string | null;
  readonly returnUrl?: string;
}

export function createIntent(world: World, caller: Caller, from: CreateIntent): Intent {
  if (from.transferData !== null) requireDestination(from.transferData.destination);
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
    cardOptions: from.cardOptions,
    setupFutureUsage: from.setupFutureUsage,
    transferData: from.transferData,
    transferGroup: from.transferGroup,
  });
  saveIntent(world, {
    account: caller.account,
    object,
    events: 0,
    ...(from.returnUrl === undefined ? {} : { returnUrl: from.returnUrl }),
  });
  tell(world, caller, object, 'payment_intent.created');
  return from.confirm ? confirmIntent(world, caller, id, { offSession: from.offSession }) : object;
}

export function confirmIntent(
  world: World,
  caller: Caller,
  id: string,
  change: {
    readonly paymentMethod?: string;
    readonly returnUrl?: string;
    readonly offSession: boolean;
  },
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
  const { authenticate } = behaviour(object);
  if (authenticate === undefined || (authenticate === 'on_session' && change.offSession)) {
    return tryToPay(world, caller, object);
  }
  if (!change.offSession) return askShopper(world, caller, object, returnUrl);
  const charge = makeCharge(world, caller.account, object, ABSENT);
  throw refuse(world, caller, object, charge, ABSENT);
}

const ABSENT: Decline = {
  code: 'authentication_required',
  declineCode: 'authentication_required',
  message: 'Your card was declined. This transaction requires authentication.',
};

/** The shopper pays again on the same page, by another method: no call of the merchant. */
export function payAgain(
  world: World,
  account: string,
  id: string,
  change: { readonly paymentMethod: string },
): Intent {
  const shopper: Caller = { ...nobody(account), requestId: newId('req', 14) };
  return unlessDeclined(world, account, id, () =>
    confirmIntent(world, shopper, id, { ...change, offSession: false }),
  );
}

/** A decline is in the PaymentIntent; nobody waits for its error here. */
function unlessDeclined(world: World, account: string, id: string, act: () => Intent): Intent {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof ApiError) || error.fields.type !== 'card_error') throw error;
    return intentOf(world, account, id).object;
  }
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
  const caller: Caller = { ...nobody(account), requestId: newId('req', 14) };
  const object: Intent = { ...record.object, next_action: null };
  if (decision === 'approve') {
    return unlessDeclined(world, account, id, () => tryToPay(world, caller, object));
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
  const { decline, delayed } = behaviour(before);
  if (delayed !== undefined) return startDelayed(world, caller, before);
  const charge = makeCharge(world, caller.account, before, decline);
  if (decline !== undefined) throw refuse(world, caller, before, charge, decline);
  recordEffect(world, caller, 'authorized', charge, charge.id, charge.amount);
  return before.capture_method === 'manual'
    ? hold(world, caller, before, charge)
    : take(world, caller, before, charge);
}
