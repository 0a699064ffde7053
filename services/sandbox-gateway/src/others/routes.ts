import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { checked } from '../dialect/params.js';
import { invalidParameter, missing } from '../gateway/api-error.js';
import type { OtherGateway, OtherTeller } from './teller.js';

const GATEWAYS: readonly OtherGateway[] = ['adyen', 'paypal', 'gocardless'];

const tellBody = Compile(
  Type.Object(
    {
      event: Type.String({ minLength: 1 }),
      paymentId: Type.Optional(Type.String({ minLength: 1 })),
      /** Minor units. */
      amount: Type.Optional(Type.Integer({ minimum: 0 })),
      currency: Type.Optional(Type.String({ pattern: '^[A-Z]{3}$' })),
      /** What the gateway's own ids are made of; default: the payment. */
      story: Type.Optional(Type.String({ minLength: 1 })),
      times: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
      signedWrong: Type.Optional(Type.Boolean()),
    },
    { additionalProperties: false },
  ),
);

/** What another gateway tells of a payment, whoever it was made at. */
export function registerOthers(app: FastifyInstance, teller: OtherTeller): void {
  app.post<{ Params: { gateway: string } }>(
    '/sandbox/other-gateways/:gateway/webhooks',
    async (request) => {
      const gateway = GATEWAYS.find((each) => each === request.params.gateway);
      if (gateway === undefined || !teller.knows(gateway)) {
        throw missing('gateway', request.params.gateway);
      }
      const body = checked(tellBody, request.body);
      const { event, paymentId, amount = 1_000, currency = 'EUR', times = 1 } = body;
      const happening = {
        event,
        story: body.story ?? paymentId ?? randomUUID(),
        amount: { minor: BigInt(amount), currency },
        at: new Date().toISOString(),
        ...(paymentId !== undefined && { paymentId }),
      };
      try {
        const options = { times, signedWrong: body.signedWrong ?? false };
        return { answers: await teller.tell(gateway, happening, options) };
      } catch (error) {
        if (error instanceof RangeError) throw invalidParameter('event', error.message);
        throw error;
      }
    },
  );
}
