import Stripe from 'stripe';
import { GatewayFault } from '../fault.js';
import type { ObservedPayment, ObservedRefund, PaymentQuery, RefundQuery } from '../port.js';
import { METADATA } from './metadata.js';
import { observePayment, observeRefund } from './observe.js';
import { parsePaymentIntent, parseRefund } from './shapes.js';

/** Clocks differ, and a call may have waited on its way. A charge missed is a second charge; a wide window costs pages. */
const WINDOW_BEFORE_SECONDS = 3600;
const WINDOW_AFTER_SECONDS = 3600;
const PAGE = 100;

type Found<T> =
  | ({ readonly result: 'found' } & T)
  | { readonly result: 'not_found'; readonly by: 'id' | 'list' | 'search' };

/** By the gateway's id; else the list of what was created around the call, which is not delayed; search last. */
export async function findPayment(
  stripe: Stripe,
  query: PaymentQuery,
  nowMs: number,
): Promise<Found<{ payment: ObservedPayment }>> {
  const intent =
    query.containerId === undefined
      ? ((await fromList(stripe, query, nowMs)) ?? (await fromSearch(stripe, query)))
      : await orMissing(stripe.paymentIntents.retrieve(query.containerId));
  if (intent === undefined) {
    return { result: 'not_found', by: query.containerId === undefined ? 'list' : 'id' };
  }
  const parsed = parsePaymentIntent(intent);
  if (!parsed.ok) throw new GatewayFault('answer_unreadable', parsed.error, false);
  const payment = observePayment(parsed.value);
  if (payment.authorizationId === undefined) return { result: 'found', payment };
  return { result: 'found', payment: { ...payment, ...(await triesOf(stripe, payment)) } };
}

/** Refunds of one payment are few and listed without delay. */
export async function findRefund(
  stripe: Stripe,
  query: RefundQuery,
): Promise<Found<{ refund: ObservedRefund }>> {
  const refund =
    query.refundId === undefined
      ? await refundFromList(stripe, query)
      : await orMissing(stripe.refunds.retrieve(query.refundId));
  if (refund === undefined) {
    return { result: 'not_found', by: query.refundId === undefined ? 'list' : 'id' };
  }
  const parsed = parseRefund(refund);
  if (!parsed.ok) throw new GatewayFault('answer_unreadable', parsed.error, false);
  return { result: 'found', refund: observeRefund(parsed.value) };
}

async function fromList(
  stripe: Stripe,
  query: PaymentQuery,
  nowMs: number,
): Promise<Stripe.PaymentIntent | undefined> {
  if (query.firstCalledAt === undefined) {
    throw new GatewayFault(
      'lookup_without_window',
      'a payment without a gateway id is found by the time of its first call: give firstCalledAt',
      false,
    );
  }
  const firstCalled = Math.floor(Date.parse(query.firstCalledAt) / 1000);
  const latest = Math.max(firstCalled, Math.floor(nowMs / 1000));
  const created = {
    gte: firstCalled - WINDOW_BEFORE_SECONDS,
    // No repeat goes out later than this without a lookup, so nothing of ours is created later.
    lte: Math.min(latest, firstCalled + 24 * 3600) + WINDOW_AFTER_SECONDS,
  };
  for await (const intent of stripe.paymentIntents.list({ created, limit: PAGE })) {
    if (intent.metadata[METADATA.payment] === query.paymentId) return intent;
  }
  return undefined;
}

/** Up to an hour late, and not offered everywhere: what it finds counts, what it doesn't find means nothing. */
async function fromSearch(
  stripe: Stripe,
  query: PaymentQuery,
): Promise<Stripe.PaymentIntent | undefined> {
  try {
    const page = await stripe.paymentIntents.search({
      query: `metadata['${METADATA.payment}']:'${query.paymentId}'`,
      limit: 1,
    });
    return page.data[0];
  } catch (error) {
    if (error instanceof Stripe.errors.StripeInvalidRequestError) return undefined;
    throw error;
  }
}

async function refundFromList(
  stripe: Stripe,
  query: RefundQuery,
): Promise<Stripe.Refund | undefined> {
  const refunds = stripe.refunds.list({ payment_intent: query.containerId, limit: PAGE });
  for await (const refund of refunds) {
    if (refund.metadata?.[METADATA.refund] === query.operationId) return refund;
  }
  return undefined;
}

/** Each try is a charge, newest first. Our own call made the container and tried once, so the first of them is ours. */
async function triesOf(
  stripe: Stripe,
  { containerId, authorizationId }: ObservedPayment,
): Promise<Pick<ObservedPayment, 'onlyAuthorization' | 'cameBack' | 'firstTry'>> {
  const { data, has_more } = await stripe.charges.list({
    payment_intent: containerId,
    limit: PAGE,
  });
  const shown = data.find(({ id }) => id === authorizationId);
  const first = data.at(-1);
  return {
    onlyAuthorization: data.length === 1,
    ...(shown && cameBack(shown) ? { cameBack: true } : {}),
    ...(first && data.length > 1 && !has_more
      ? { firstTry: { authorizationId: first.id, cameBack: cameBack(first) } }
      : {}),
  };
}

/** Failed after it had been paid: only then is there money to book back. */
function cameBack({ status, failure_balance_transaction: booked }: Stripe.Charge): boolean {
  return status === 'failed' && booked !== null && booked !== undefined;
}

async function orMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeInvalidRequestError && error.statusCode === 404) {
      return undefined;
    }
    throw error;
  }
}
