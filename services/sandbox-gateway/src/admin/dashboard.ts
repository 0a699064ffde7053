import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { SandboxAccount } from '../config.js';
import { checked, requireToken } from '../dialect/params.js';
import { missing } from '../gateway/api-error.js';
import { bookAdjustment } from '../gateway/charges.js';
import { createIntent } from '../gateway/payment-intents.js';
import { createRefund } from '../gateway/refunds.js';
import { nobody, type Caller, type World } from '../gateway/world.js';
import { chargeIn } from './acts.js';

const exact = { additionalProperties: false } as const;
const id = Type.String({ minLength: 1 });
const amount = Type.Integer({ minimum: 1, maximum: 999_999_999_999 });
const currency = Type.String({ pattern: '^[a-z]{3}$' });

const refundBody = Compile(
  Type.Object(
    {
      of: id,
      amount: Type.Optional(amount),
      reason: Type.Optional(
        Type.Union([
          Type.Literal('duplicate'),
          Type.Literal('fraudulent'),
          Type.Literal('requested_by_customer'),
        ]),
      ),
    },
    exact,
  ),
);
const paymentBody = Compile(
  Type.Object(
    {
      account: id,
      amount,
      currency,
      paymentMethod: Type.Optional(id),
      captureMethod: Type.Optional(Type.Union([Type.Literal('automatic'), Type.Literal('manual')])),
      description: Type.Optional(Type.String()),
    },
    exact,
  ),
);
const adjustmentBody = Compile(
  Type.Object(
    {
      account: id,
      /** Positive: a credit. */
      amount: Type.Integer({ minimum: -999_999_999_999, maximum: 999_999_999_999 }),
      currency,
      description: Type.Optional(Type.String()),
    },
    exact,
  ),
);

/** What people do at the provider's dashboard: nothing of it carries an id of ours. */
export function registerDashboard(
  app: FastifyInstance,
  world: World,
  accounts: readonly SandboxAccount[],
): void {
  const person = (account: string): Caller => {
    if (accounts.every((each) => each.account !== account)) throw missing('account', account);
    return nobody(account);
  };

  app.post('/sandbox/dashboard/refunds', (request) => {
    const { of, ...rest } = checked(refundBody, request.body);
    const charge = chargeIn(world, of);
    const record = world.store.get('charges', charge);
    if (record === undefined) throw missing('charge', charge);
    return createRefund(world, nobody(record.account), { charge, metadata: {}, ...rest });
  });

  app.post('/sandbox/dashboard/payments', (request) => {
    const {
      account,
      paymentMethod = 'pm_card_visa',
      captureMethod = 'automatic',
      ...rest
    } = checked(paymentBody, request.body);
    requireToken(paymentMethod);
    return createIntent(world, person(account), {
      ...rest,
      captureMethod,
      paymentMethod,
      confirm: true,
      metadata: {},
      cardOptions: {},
      offSession: false,
      setupFutureUsage: null,
      transferData: null,
      transferGroup: null,
    });
  });

  app.post('/sandbox/dashboard/adjustments', (request) => {
    const { account, ...rest } = checked(adjustmentBody, request.body);
    return bookAdjustment(world, person(account), rest);
  });
}
