import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { checked } from '../dialect/params.js';
import { missing } from '../gateway/api-error.js';
import { expireIntent } from '../gateway/authorizations.js';
import { decideDispute, openDispute, OUTCOMES, STAGES } from '../gateway/disputes.js';
import { idOf } from '../gateway/reference.js';
import type { World } from '../gateway/world.js';

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
  Type.Object({ outcome: oneOf(OUTCOMES), amount: Type.Optional(amount) }, exact),
);

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
    const { outcome, amount: reinstated } = checked(decisionBody, request.body);
    const account = accountOf(world, 'disputes', dispute);
    return decideDispute(world, account, dispute, outcome, reinstated);
  });
}

/** `ch_…`, or the last charge of `pi_…`. */
function chargeIn(world: World, of: string): string {
  const intent = world.store.get('intents', of)?.object;
  return intent === undefined ? of : idOf(intent.latest_charge);
}

function accountOf(world: World, collection: 'intents' | 'charges' | 'disputes', of: string) {
  const record = world.store.get(collection, of);
  if (record === undefined) throw missing(collection.slice(0, -1), of);
  return record.account;
}
