import type Stripe from 'stripe';
import { missing, refusedByState } from './api-error.js';
import { behaviourOf } from './behaviour.js';
import { intentIdOf, saveCharge } from './charges.js';
import { update } from './intent-records.js';
import { newId } from './new-id.js';
import { idOf } from './reference.js';
import { reviewObject, warningObject } from './risk-objects.js';
import { nobody, seconds, type Caller, type World } from './world.js';

type Closed = NonNullable<Stripe.Review['closed_reason']>;

/** After a try that succeeded: what its token makes of the risk. */
export function assessRisk(
  world: World,
  account: string,
  intent: Stripe.PaymentIntent,
  charge: Stripe.Charge,
): Stripe.PaymentIntent {
  const behaviour = behaviourOf(charge.payment_method ?? '');
  if (behaviour?.fraudWarning === true) warnOfFraud(world, account, charge.id);
  return behaviour?.review === true ? openReview(world, account, intent, charge) : intent;
}

/** Somebody at the merchant's should look at it before goods leave. The money is not touched by that. */
function openReview(
  world: World,
  account: string,
  intent: Stripe.PaymentIntent,
  charge: Stripe.Charge,
): Stripe.PaymentIntent {
  const review = reviewObject({ id: newId('prv'), created: seconds(world), charge });
  save(world, account, review);
  saveCharge(world, account, {
    ...charge,
    review: review.id,
    outcome:
      charge.outcome === null
        ? null
        : { ...charge.outcome, type: 'manual_review', risk_level: 'elevated' },
  });
  const reviewed = { ...intent, review: review.id };
  update(world, reviewed);
  tell(world, account, review, 'review.opened');
  return reviewed;
}

/** Approved, by the API or at the dashboard. */
export function approveReview(world: World, caller: Caller, id: string): Stripe.Review {
  const before = reviewOf(world, caller.account, id);
  if (!before.open) {
    throw refusedByState('review_closed', `Review ${id} is closed: ${before.reason}.`);
  }
  return close(world, caller, before, 'approved');
}

/** Ends the review of a charge, if one is open: what happened to the charge leaves nothing to look at. */
export function closeReviews(world: World, charge: Stripe.Charge, reason: Closed): void {
  const record = world.store.get('reviews', idOf(charge.review));
  if (record?.object.open === true) close(world, nobody(record.account), record.object, reason);
}

function close(world: World, caller: Caller, before: Stripe.Review, reason: Closed): Stripe.Review {
  const closed: Stripe.Review = { ...before, open: false, closed_reason: reason, reason };
  save(world, caller.account, closed);
  tell(world, caller.account, closed, 'review.closed', caller);
  return closed;
}

/** A network reports that its cardholder speaks of fraud: a dispute may follow. */
export function warnOfFraud(
  world: World,
  account: string,
  chargeId: string,
  fraudType = 'unauthorized_use_of_card',
): Stripe.Radar.EarlyFraudWarning {
  const charge = world.store.get('charges', chargeId)?.object;
  if (charge === undefined) throw missing('charge', chargeId);
  const object = warningObject({
    id: newId('issfr'),
    created: seconds(world),
    charge,
    fraudType,
  });
  world.store.put('warnings', object.id, { account, object });
  const paymentIntentId = intentIdOf(charge);
  const occasion = { account, caller: undefined, paymentIntentId, at: seconds(world) };
  world.emitter.emit(occasion, 'radar.early_fraud_warning.created', object);
  return object;
}

export function reviewOf(world: World, account: string, id: string): Stripe.Review {
  const record = world.store.get('reviews', id);
  if (record === undefined || record.account !== account) throw missing('review', id);
  return record.object;
}

function save(world: World, account: string, object: Stripe.Review): void {
  world.store.put('reviews', object.id, { account, object });
}

function tell(
  world: World,
  account: string,
  object: Stripe.Review,
  type: 'review.opened' | 'review.closed',
  caller?: Caller,
): void {
  const paymentIntentId = idOf(object.payment_intent);
  world.emitter.emit({ account, caller, paymentIntentId, at: seconds(world) }, type, object);
}
