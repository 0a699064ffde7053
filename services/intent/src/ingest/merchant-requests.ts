import { fromWireMoney, paymentId as idOf, stableId } from '@paylog/contracts';
import {
  annotate,
  parseIdempotencyKey,
  Problem,
  requestDigest,
  traceparentOf,
  type CallerIdentity,
} from '@paylog/http';
import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Money } from '@paylog/payment-domain';
import type { Intents } from '../intent/intents.js';
import type { OrderName } from '../intent/messages.js';
import { refusal } from '../intent/refusals.js';
import { problemFor, toProblem } from './answers.js';
import type { PlaceIntentDto } from './dto.js';
import type { HttpAnswer, HttpRequests } from './http-requests.js';
import type { KeyScope } from './idempotency.sql.js';
import { scopeOf } from './keyed-requests.js';
import { readSplits } from './splits.js';
import { accountFor, orderName, type Storefronts } from './order-messages.js';

export type AboutPayment =
  | {
      readonly type: 'capture';
      readonly reference: string;
      readonly amount?: Money;
      readonly final?: boolean;
    }
  | { readonly type: 'increment'; readonly reference: string; readonly amount: Money }
  | { readonly type: 'void' }
  | {
      readonly type: 'refund';
      readonly reference: string;
      readonly amount?: Money;
      readonly reason?: string;
    };

/** From a checked body to a request, on behalf of whoever holds the API key. */
export class MerchantRequests {
  constructor(
    private readonly requests: HttpRequests,
    private readonly intents: Intents,
    private readonly storefronts: Storefronts,
  ) {}

  place(http: FastifyRequest, caller: CallerIdentity, body: PlaceIntentDto): Promise<HttpAnswer> {
    const storefront = this.#storefront(caller, body.storefront);
    const { orderId, attempt = 1, captureMode = 'automatic', paymentMethod } = body;
    const order = orderName(this.storefronts, storefront, orderId, attempt);
    annotate(http, { paymentId: order.paymentId, orderId });
    const account = accountFor(this.storefronts, storefront, body.account);
    if (!account) throw toProblem(problemFor(refusal('account_unknown', 'account')));
    const amount = fromWireMoney(body.amount);
    const shared = readSplits(body, amount);
    if ('refused' in shared) throw toProblem(problemFor(shared.refused));
    const { mode } = this.storefronts;
    const { customerReference, returnUrl } = body;
    const key = parseIdempotencyKey(http.headers['idempotency-key']);
    const scope = scopeOf(caller);
    return this.requests.execute({
      ...common(http, scope, key),
      status: 201,
      request: {
        ...order,
        ...account,
        type: 'place',
        id: requestId(scope, key),
        at: new Date().toISOString(),
        byMessage: false,
        mode,
        captureMode,
        amount,
        ...shared,
        ...(body.shipping === 'parts' ? { shipping: body.shipping } : {}),
      },
      details: {
        paymentMethod,
        ...(customerReference === undefined ? {} : { customerReference }),
        ...(returnUrl === undefined ? {} : { returnUrl }),
      },
      ...(attempt > 1
        ? { previousPaymentId: idOf({ mode, storefront, orderId, attempt: attempt - 1 }) }
        : {}),
    });
  }

  /** What is asked about a payment that exists: its order is read from our own log, never from the caller. */
  async about(
    http: FastifyRequest,
    caller: CallerIdentity,
    id: string,
    asked: AboutPayment,
  ): Promise<HttpAnswer> {
    const order = await this.#orderOf(caller, id);
    annotate(http, { paymentId: id, orderId: order.orderId });
    const header = http.headers['idempotency-key'];
    const key = header === undefined ? undefined : parseIdempotencyKey(header);
    const scope = scopeOf(caller);
    // Without a key each request is its own: its reference makes it the same one as long as it was accepted, and what
    // was refused is judged anew.
    const ownId = requestId(scope, key ?? randomUUID());
    const head = { ...order, id: ownId, at: new Date().toISOString(), byMessage: false };
    return this.requests.execute({
      ...common(http, scope, key),
      status: 200,
      request: { ...head, ...asked },
    });
  }

  /** Undefined and somebody else's look the same from outside. */
  async #orderOf(caller: CallerIdentity, id: string): Promise<OrderName> {
    const { known } = await this.intents.load(id);
    const { terms } = known.intent;
    const mayKnow =
      terms !== undefined &&
      caller.kind === 'api_key' &&
      (caller.storefront === '*' || caller.storefront === terms.storefront);
    if (!mayKnow) throw toProblem(problemFor(refusal('payment_not_found')));
    const { storefront, orderId, attempt } = terms;
    return { paymentId: id, storefront, orderId, attempt };
  }

  #storefront(caller: CallerIdentity, asked: string | undefined): string {
    if (caller.kind !== 'api_key') throw Problem.forbidden('A read token only reads.');
    if (caller.storefront === '*') {
      if (asked !== undefined) return asked;
      throw Problem.badRequest('An operator’s key must name the storefront.', {
        field: 'storefront',
      });
    }
    if (asked === undefined || asked === caller.storefront) return caller.storefront;
    throw Problem.forbidden('The API key belongs to another storefront.', { field: 'storefront' });
  }
}

function common(http: FastifyRequest, scope: KeyScope, key: string | undefined) {
  return {
    scope,
    digest: requestDigest(http),
    traceparent: traceparentOf(http),
    ...(key === undefined ? {} : { key }),
  };
}

/** The same key of the same caller is the same request. */
function requestId({ storefront, caller }: KeyScope, key: string): string {
  return stableId('req', storefront, caller, key);
}
