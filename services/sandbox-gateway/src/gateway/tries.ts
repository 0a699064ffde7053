import type Stripe from 'stripe';
import { ApiError } from './api-error.js';
import { expireLater } from './authorizations.js';
import type { Decline } from './behaviour.js';
import { bookCapture, chargeOf, recordEffect, saveCharge } from './charges.js';
import { disputeLater } from './disputes.js';
import { tell, tellCharge, update } from './intent-records.js';
import { assessRisk } from './risk.js';
import { transferLater } from './transfers.js';
import type { Caller, World } from './world.js';

type Intent = Stripe.PaymentIntent;

/** The issuer promises the money; a capture takes it. */
export function hold(world: World, caller: Caller, before: Intent, charge: Stripe.Charge): Intent {
  const object: Intent = {
    ...before,
    status: 'requires_capture',
    latest_charge: charge.id,
    amount_capturable: before.amount,
  };
  update(world, object);
  tellCharge(world, caller, charge, 'charge.succeeded');
  tell(world, caller, object, 'payment_intent.amount_capturable_updated');
  expireLater(world, caller.account, object);
  return assessRisk(world, caller.account, object, charge);
}

/** The money is taken at once. */
export function take(world: World, caller: Caller, before: Intent, charge: Stripe.Charge): Intent {
  const transaction = bookCapture(world, caller, charge, charge.amount);
  const captured = saveCharge(world, caller.account, {
    ...charge,
    status: 'succeeded',
    paid: true,
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
  transferLater(world, caller, object, booked);
  disputeLater(world, caller.account, booked);
  return assessRisk(world, caller.account, object, chargeOf(world, object));
}

/** A try has failed: the PaymentIntent waits for another method. The error is what a waiting caller is answered. */
export function refuse(
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
    amount_received: 0,
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
