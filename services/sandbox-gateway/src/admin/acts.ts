import type { FastifyInstance } from 'fastify';
import type Stripe from 'stripe';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { checked, requireToken } from '../dialect/params.js';
import { missing } from '../gateway/api-error.js';
import { cancelIntent, expireIntent } from '../gateway/authorizations.js';
import { BANK_ANSWERS, endDelayed, failCharge } from '../gateway/delayed.js';
import { decideDispute, openDispute, OUTCOMES, STAGES } from '../gateway/disputes.js';
import { intentOf } from '../gateway/intent-records.js';
import { payAgain } from '../gateway/payment-intents.js';
import { idOf } from '../gateway/reference.js';
import { createRefund } from '../gateway/refunds.js';
import { approveReview, reviewOf, warnOfFraud } from '../gateway/risk.js';
import { nobody, type Caller, type World } from '../gateway/world.js';

const exact = { additionalProperties: false } as const;
const id = Type.String({ minLength: 1 });
const amount = Type.Integer({ minimum: 1, maximum: 999_999_999_999 });
const oneOf = <const T extends readonly string[]>(values: T) =>
  Type.Union(values.map((each: T[number]) => Type.Literal(each)));

const disputeBody = Compile(
  Type.Object(
    {
      /** A charge, or the PaymentIntent whose last charge is meant. */
      of: id,
      stage: Type.Optional(oneOf(STAGES)),
      amount: Type.Optional(amount),
      reason: Type.Optional(id),
    },
    exact,
  ),
);
const decisionBody = Compile(
  Type.Object(
    {
      outcome: oneOf(OUTCOMES),
      amount: Type.Optional(amount),
      feeReturned: Type.Optional(Type.Boolean()),
    },
    exact,
  ),
);
const bankBody = Compile(Type.Object({ outcome: oneOf(BANK_ANSWERS) }, exact));
const retryBody = Compile(Type.Object({ paymentMethod: id }, exact));
const reviewBody = Compile(Type.Object({ decision: oneOf(['approve', 'refuse']) }, exact));
const warningBody = Compile(Type.Object({ of: id, fraudType: Type.Optional(id) }, exact));

/** What issuers, banks and cardholders do without any call of the merchant: tests script it here. */
export function registerActs(app: FastifyInstance, world: World): void {
  app.post('/sandbox/payment-intents/:id/expire', (request) => {
    const { id: intent } = request.params as { id: string };
    return expireIntent(world, accountOf(world, 'intents', intent), intent);
  });

  app.post('/sandbox/disputes', (request) => {
    const { of, stage = 'chargeback', ...rest } = checked(disputeBody, request.body);
    const charge = chargeIn(world, of);
    return openDispute(world, accountOf(world, 'charges', charge), { charge, stage, ...rest });
  });

  app.post('/sandbox/disputes/:id/decide', (request) => {
    const { id: dispute } = request.params as { id: string };
    const { outcome, amount: back, feeReturned } = checked(decisionBody, request.body);
    return decideDispute(world, accountOf(world, 'disputes', dispute), dispute, outcome, {
      ...(back === undefined ? {} : { amount: back }),
      ...(feeReturned === undefined ? {} : { fee: feeReturned }),
    });
  });

  app.post('/sandbox/payment-intents/:id/decide', (request) => {
    const { id: intent } = request.params as { id: string };
    const { outcome } = checked(bankBody, request.body);
    return endDelayed(world, accountOf(world, 'intents', intent), intent, outcome);
  });

  app.post('/sandbox/payment-intents/:id/retry', (request) => {
    const { id: intent } = request.params as { id: string };
    const change = checked(retryBody, request.body);
    requireToken(change.paymentMethod);
    return payAgain(world, accountOf(world, 'intents', intent), intent, change);
  });

  app.post('/sandbox/charges/:id/fail', (request) => {
    const charge = chargeIn(world, (request.params as { id: string }).id);
    return failCharge(world, accountOf(world, 'charges', charge), charge);
  });

  app.post('/sandbox/reviews/:id', (request) => {
    const { id: review } = request.params as { id: string };
    const { decision } = checked(reviewBody, request.body);
    const person = nobody(accountOf(world, 'reviews', review));
    if (decision === 'approve') return approveReview(world, person, review);
    return refuseReview(world, person, review);
  });

  app.post('/sandbox/early-fraud-warnings', (request) => {
    const { of, fraudType } = checked(warningBody, request.body);
    const charge = chargeIn(world, of);
    return warnOfFraud(world, accountOf(world, 'charges', charge), charge, fraudType);
  });
}

/** At the dashboard: the money goes back, and that closes the review. */
function refuseReview(world: World, person: Caller, id: string): Stripe.Review {
  const review = reviewOf(world, person.account, id);
  const intent = intentOf(world, person.account, idOf(review.payment_intent)).object;
  if (intent.status === 'requires_capture') {
    cancelIntent(world, person, intent.id, 'fraudulent');
  } else {
    createRefund(world, person, {
      charge: idOf(review.charge),
      reason: 'fraudulent',
      metadata: {},
    });
  }
  return reviewOf(world, person.account, id);
}

/** `ch_…`, or the last charge of `pi_…`. */
export function chargeIn(world: World, of: string): string {
  const intent = world.store.get('intents', of)?.object;
  return intent === undefined ? of : idOf(intent.latest_charge);
}

function accountOf(
  world: World,
  collection: 'intents' | 'charges' | 'disputes' | 'reviews',
  of: string,
): string {
  const record = world.store.get(collection, of);
  if (record === undefined) throw missing(collection.slice(0, -1), of);
  return record.account;
}
