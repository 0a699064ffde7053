import type Stripe from 'stripe';
import { ApiError, invalidParameter, refusedByState } from './api-error.js';
import { bookCapture, chargeOf, recordEffect, saveCharge } from './charges.js';
import { disputeLater } from './disputes.js';
import { behaviour, intentOf, requireStatus, tell, tellCharge, update } from './intent-records.js';
import { saveRelease } from './refunds.js';
import { closeReviews } from './risk.js';
import { transferLater } from './transfers.js';
import { nobody, seconds, type Caller, type World } from './world.js';

type Intent = Stripe.PaymentIntent;

/** How long an authorization holds whose token says that it runs out. */
const EXPIRES_AFTER_MS = 600;

export interface Capture {
  /** Everything that is left, if absent. Zero closes a partly captured payment. */
  readonly amount?: number;
  readonly final: boolean;
  readonly metadata: Record<string, string>;
}

export function captureIntent(world: World, caller: Caller, id: string, capture: Capture): Intent {
  const { object: before } = intentOf(world, caller.account, id);
  requireStatus(before, 'capture', ['requires_capture']);
  const amount = capture.amount ?? before.amount_capturable;
  const charge = chargeOf(world, before);
  requireCapturable(before, charge, amount, capture.final);

  const received = before.amount_received + amount;
  const rest = before.amount_capturable - amount;
  const done = capture.final || rest === 0;
  const several = before.amount_received > 0 || !done;
  const captured = saveCharge(world, caller.account, {
    ...charge,
    amount_captured: received,
    captured: done,
    ...(amount === 0 ? {} : { balance_transaction: bookCapture(world, caller, charge, amount) }),
  });
  const object: Intent = {
    ...before,
    amount_received: received,
    amount_capturable: done ? 0 : rest,
    metadata: { ...before.metadata, ...capture.metadata },
    status: done ? 'succeeded' : 'requires_capture',
  };
  update(world, object);
  if (amount > 0) recordEffect(world, caller, 'captured', captured, captured.id, amount);
  if (done && rest > 0) recordEffect(world, caller, 'released', captured, captured.id, rest);

  // Of several captures each is a `charge.updated`; `charge.captured` comes once, with the last.
  if (several && amount > 0) {
    tellCharge(world, caller, captured, 'charge.updated', {
      amount_captured: charge.amount_captured,
      balance_transaction: charge.balance_transaction,
    });
  }
  if (several) {
    const previous = { amount_capturable: before.amount_capturable };
    tell(world, caller, object, 'payment_intent.amount_capturable_updated', previous);
  }
  if (done) {
    tellCharge(world, caller, captured, 'charge.captured', { captured: false });
    tell(world, caller, object, 'payment_intent.succeeded');
    transferLater(world, caller, object, captured);
    disputeLater(world, caller.account, captured);
  }
  return object;
}

function requireCapturable(
  intent: Intent,
  charge: Stripe.Charge,
  amount: number,
  final: boolean,
): void {
  if (amount > intent.amount_capturable) {
    throw refusedByState(
      'amount_too_large',
      `The amount to capture (${amount}) is greater than what is capturable (${intent.amount_capturable}).`,
      { param: 'amount_to_capture', payment_intent: intent },
    );
  }
  if (amount === 0 && (!final || intent.amount_received === 0)) {
    throw invalidParameter(
      'amount_to_capture',
      'Zero only releases what is left of a partly captured payment, with final_capture=true.',
      'parameter_invalid_integer',
    );
  }
  const available = charge.payment_method_details?.card?.multicapture?.status === 'available';
  if (!final && !available) {
    throw new ApiError(
      400,
      {
        type: 'invalid_request_error',
        message: 'Multicapture is not available for this PaymentIntent.',
        param: 'final_capture',
        payment_intent: intent,
      },
      true,
    );
  }
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
  closeReviews(world, charge, 'canceled');
  if (charge.amount_captured > 0) {
    close(world, caller, before, charge);
    return;
  }
  const released = saveCharge(world, caller.account, {
    ...charge,
    amount_refunded: charge.amount,
    refunded: true,
  });
  tellCharge(world, caller, released, 'charge.refunded');
}

/** A partly captured charge counts as captured once the rest was let go. */
function close(world: World, caller: Caller, intent: Intent, charge: Stripe.Charge): void {
  const closed = saveCharge(world, caller.account, {
    ...charge,
    captured: true,
    refunded: charge.amount_refunded === charge.amount_captured,
  });
  tellCharge(world, caller, closed, 'charge.captured', { captured: false });
  transferLater(world, caller, intent, closed);
  disputeLater(world, caller.account, closed);
}

/**
 * The issuer lets go of what was not captured in time. Partly captured, the payment has then succeeded; else it is
 * canceled, and its charge has expired.
 */
export function expireIntent(world: World, account: string, id: string): Intent {
  const { object: before } = intentOf(world, account, id);
  requireStatus(before, 'expire', ['requires_capture']);
  const issuer = nobody(account);
  const charge = chargeOf(world, before);
  recordEffect(world, issuer, 'released', charge, charge.id, before.amount_capturable);
  closeReviews(world, charge, 'canceled');
  if (charge.amount_captured > 0) {
    const object: Intent = { ...before, status: 'succeeded', amount_capturable: 0 };
    update(world, object);
    close(world, issuer, before, charge);
    tell(world, issuer, object, 'payment_intent.succeeded');
    return object;
  }
  const object: Intent = {
    ...before,
    status: 'canceled',
    canceled_at: seconds(world),
    cancellation_reason: 'automatic',
    amount_capturable: 0,
  };
  update(world, object);
  const expired = saveCharge(world, account, {
    ...charge,
    amount_refunded: charge.amount,
    refunded: true,
  });
  saveRelease(world, account, expired);
  tellCharge(world, issuer, expired, 'charge.expired');
  tell(world, issuer, object, 'payment_intent.canceled');
  return object;
}

/** Lets an authorization run out by itself where its token says so. */
export function expireLater(world: World, account: string, intent: Intent): void {
  if (behaviour(intent).expires !== true) return;
  world.later(EXPIRES_AFTER_MS, () => {
    // Captured or canceled in time.
    if (intentOf(world, account, intent.id).object.status !== 'requires_capture') return;
    expireIntent(world, account, intent.id);
  });
}

/** After a restart: authorizations that were still to run out. */
export function resumeExpiries(world: World): void {
  for (const { account, object } of world.store.all('intents')) {
    if (object.status === 'requires_capture') expireLater(world, account, object);
  }
}

/** Asks the issuer to hold `amount` altogether. A decline leaves everything as it was. */
export function incrementIntent(
  world: World,
  caller: Caller,
  id: string,
  change: {
    readonly amount: number;
    readonly description?: string;
    readonly metadata: Record<string, string>;
  },
): Intent {
  const { object: before } = intentOf(world, caller.account, id);
  requireStatus(before, 'increment the authorization of', ['requires_capture']);
  const charge = chargeOf(world, before);
  requireIncrementable(before, charge, change.amount);
  const { declineIncrement: decline } = behaviour(before);
  if (decline !== undefined) {
    throw new ApiError(
      402,
      {
        type: 'card_error',
        code: decline.code,
        decline_code: decline.declineCode,
        ...(decline.adviceCode === undefined ? {} : { advice_code: decline.adviceCode }),
        message: decline.message,
        charge: charge.id,
        payment_intent: before,
      },
      true,
    );
  }
  const raised = saveCharge(world, caller.account, {
    ...charge,
    amount: change.amount,
    payment_method_details: authorizedFor(charge.payment_method_details, change.amount),
  });
  const object: Intent = {
    ...before,
    amount: change.amount,
    amount_capturable: change.amount,
    description: change.description ?? before.description,
    metadata: { ...before.metadata, ...change.metadata },
  };
  update(world, object);
  recordEffect(world, caller, 'raised', raised, raised.id, change.amount - before.amount);
  tellCharge(world, caller, raised, 'charge.updated', { amount: charge.amount });
  const previous = { amount: before.amount, amount_capturable: before.amount_capturable };
  tell(world, caller, object, 'payment_intent.amount_capturable_updated', previous);
  return object;
}

function requireIncrementable(intent: Intent, charge: Stripe.Charge, amount: number): void {
  const { status } = charge.payment_method_details?.card?.incremental_authorization ?? {};
  if (status !== 'available' || intent.amount_received > 0) {
    throw refusedByState(
      'payment_intent_unexpected_state',
      intent.amount_received > 0
        ? 'A PaymentIntent that was captured can no longer be incremented.'
        : 'Incremental authorization is not available for this PaymentIntent.',
      { payment_intent: intent },
    );
  }
  if (amount <= intent.amount) {
    throw refusedByState(
      'amount_too_small',
      `The new amount (${amount}) must be greater than the authorized one (${intent.amount}).`,
      { param: 'amount', payment_intent: intent },
    );
  }
}

function authorizedFor(
  details: Stripe.Charge['payment_method_details'],
  amount: number,
): Stripe.Charge['payment_method_details'] {
  if (details?.card === undefined) return details;
  return { ...details, card: { ...details.card, amount_authorized: amount } };
}
