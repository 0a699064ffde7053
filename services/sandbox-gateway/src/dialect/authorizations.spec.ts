import Stripe from 'stripe';
import { errorOf } from '../testing/error-of.js';
import { idOf } from '../gateway/reference.js';
import {
  LOST_MS,
  PATIENT_MS,
  runSandbox,
  type RunningSandbox,
} from '../testing/running-sandbox.js';

let running: RunningSandbox;
let stripe: Stripe;

beforeAll(async () => {
  running = await runSandbox();
  stripe = running.stripe;
});
afterAll(() => running.close());

const hold = (
  paymentMethod = 'pm_card_visa',
  more: Partial<Stripe.PaymentIntentCreateParams> = {},
) =>
  running.pay(paymentMethod, {
    capture_method: 'manual',
    payment_method_options: {
      card: {
        request_multicapture: 'if_available',
        request_incremental_authorization: 'if_available',
      },
    },
    ...more,
  });

const part = (id: string, amount: number) =>
  stripe.paymentIntents.capture(id, { amount_to_capture: amount, final_capture: false });
const chargeOf = ({ latest_charge: id }: Stripe.PaymentIntent) => stripe.charges.retrieve(idOf(id));
const truthOf = (id: string) => running.truthOf({ id });

describe('captures', () => {
  it('may be several, until the last lets the rest go', async () => {
    const { id } = await hold();
    await part(id, 300);
    const second = await part(id, 250);
    expect(second).toMatchObject({ status: 'requires_capture', amount_capturable: 450 });
    expect(await chargeOf(second)).toMatchObject({ captured: false, amount_captured: 550 });
    const last = await stripe.paymentIntents.capture(id, { amount_to_capture: 50 });
    expect(last).toMatchObject({ status: 'succeeded', amount_received: 600, amount_capturable: 0 });
    expect(await chargeOf(last)).toMatchObject({ captured: true, amount_captured: 600 });
    expect(await truthOf(id)).toMatchObject({
      captures: 3,
      eachCapture: [{ amount: 300 }, { amount: 250 }, { amount: 50 }],
      amountReleased: 400,
    });
    const booked = await stripe.balanceTransactions.list({ source: idOf(last.latest_charge) });
    expect(booked.data.map(({ amount }) => amount)).toEqual([50, 250, 300]);
  });

  it('may be of nothing, to let the rest go', async () => {
    const { id } = await hold();
    const early = await errorOf(stripe.paymentIntents.capture(id, { amount_to_capture: 0 }));
    expect(early.param).toBe('amount_to_capture');
    await part(id, 300);
    const closed = await stripe.paymentIntents.capture(id, { amount_to_capture: 0 });
    expect(closed).toMatchObject({ status: 'succeeded', amount_received: 300 });
    expect(await truthOf(id)).toMatchObject({ captures: 1, amountReleased: 700 });
  });

  it('are one only for a card that can no more', async () => {
    const intent = await hold('pm_card_credit_disableEnterpriseCardFeatures');
    const details = (await chargeOf(intent)).payment_method_details?.card;
    expect(details?.multicapture?.status).toBe('unavailable');
    const error = await errorOf(part(intent.id, 300));
    expect(error).toMatchObject({ statusCode: 400, param: 'final_capture' });
    const once = await stripe.paymentIntents.capture(intent.id, { amount_to_capture: 300 });
    expect(once.status).toBe('succeeded');
  });

  it('are one only, and what is held is not raised, unless the account asks for it', async () => {
    const { id } = await hold('pm_card_visa', { payment_method_options: {} });
    expect((await errorOf(part(id, 300))).param).toBe('final_capture');
    const raised = stripe.paymentIntents.incrementAuthorization(id, { amount: 1500 });
    expect((await errorOf(raised)).code).toBe('payment_intent_unexpected_state');
  });

  it('and a cancelation race: one of them wins', async () => {
    for (const first of ['capture', 'cancel'] as const) {
      const slow = first === 'capture' ? 'pm_sandbox_slowCancel' : 'pm_sandbox_slowCapture';
      const { id } = await hold(slow);
      const [captured, canceled] = await running.settleUntil(
        Promise.allSettled([stripe.paymentIntents.capture(id), stripe.paymentIntents.cancel(id)]),
      );
      const { status } = await stripe.paymentIntents.retrieve(id);
      expect(status).toBe(first === 'capture' ? 'succeeded' : 'canceled');
      const loser = first === 'capture' ? canceled : captured;
      expect(loser).toMatchObject({
        status: 'rejected',
        reason: { code: 'payment_intent_unexpected_state', payment_intent: { status } },
      });
    }
  });

  it('are done although nobody heard the answer, in parts too', async () => {
    const { id } = await hold('pm_sandbox_captureTimeout');
    const lost = { amount_to_capture: 300, final_capture: false };
    // The SDK repeats a closed connection by itself, with the same key: then the answer comes at once.
    const capture = (timeout: number) =>
      stripe.paymentIntents.capture(id, lost, { idempotencyKey: `lost-${id}`, timeout });
    await capture(LOST_MS).catch((error: unknown) => {
      expect(error).toBeInstanceOf(Stripe.errors.StripeConnectionError);
    });
    expect(await capture(PATIENT_MS)).toMatchObject({
      amount_received: 300,
      amount_capturable: 700,
    });
    expect(await truthOf(id)).toMatchObject({ captures: 1, amountReceived: 300 });
  });
});

describe('a cancelation', () => {
  it('lets go of what a partial capture left', async () => {
    const { id } = await hold();
    await part(id, 300);
    const canceled = await stripe.paymentIntents.cancel(id);
    expect(canceled).toMatchObject({ status: 'canceled', amount_received: 300 });
    expect(await chargeOf(canceled)).toMatchObject({
      captured: true,
      amount_captured: 300,
      amount_refunded: 0,
    });
    expect(await truthOf(id)).toMatchObject({ amountReceived: 300, amountReleased: 700 });
  });
});

describe('an authorization', () => {
  const expire = (id: string) => running.ask('POST', `/sandbox/payment-intents/${id}/expire`);

  it('runs out: uncaptured it is canceled, partly captured it has succeeded', async () => {
    const { id } = await hold();
    await expire(id);
    const expired = await stripe.paymentIntents.retrieve(id);
    expect(expired).toMatchObject({ status: 'canceled', cancellation_reason: 'automatic' });
    expect(await chargeOf(expired)).toMatchObject({ captured: false, refunded: true });
    expect(await truthOf(id)).toMatchObject({ amountReleased: 1000, refunds: [] });

    const partly = await hold();
    await part(partly.id, 300);
    await expire(partly.id);
    const done = await stripe.paymentIntents.retrieve(partly.id);
    expect(done).toMatchObject({ status: 'succeeded', amount_received: 300 });
    expect(await truthOf(partly.id)).toMatchObject({ amountReleased: 700 });
    await expect(expire(partly.id)).rejects.toThrow('400');
  });

  it('can be raised until something is captured', async () => {
    const { id } = await hold();
    const raised = await stripe.paymentIntents.incrementAuthorization(id, { amount: 1500 });
    expect(raised).toMatchObject({ amount: 1500, amount_capturable: 1500 });
    const details = (await chargeOf(raised)).payment_method_details?.card;
    expect(details?.amount_authorized).toBe(1500);
    const less = await errorOf(stripe.paymentIntents.incrementAuthorization(id, { amount: 1500 }));
    expect(less).toMatchObject({ statusCode: 400, param: 'amount' });
    const all = await stripe.paymentIntents.capture(id, { final_capture: false });
    expect(all).toMatchObject({ status: 'succeeded', amount_received: 1500 });
    const late = await errorOf(stripe.paymentIntents.incrementAuthorization(id, { amount: 2000 }));
    expect(late.code).toBe('payment_intent_unexpected_state');
    expect(await truthOf(id)).toMatchObject({ authorizations: 1, amount: 1500 });
  });

  it('stays as it was when the issuer refuses to raise it', async () => {
    const before = await hold('pm_sandbox_incrementDeclined');
    const error = await errorOf(
      stripe.paymentIntents.incrementAuthorization(before.id, { amount: 1500 }),
    );
    expect(error).toMatchObject({ statusCode: 402, decline_code: 'insufficient_funds' });
    const after = await stripe.paymentIntents.retrieve(before.id);
    expect(after).toMatchObject({ status: 'requires_capture', amount_capturable: 1000 });
  });
});

describe('refunds of a partly captured payment', () => {
  it('give back what was captured so far, never more', async () => {
    const { id } = await hold();
    const { latest_charge: charge } = await part(id, 300);
    await stripe.refunds.create({ payment_intent: id, amount: 200 });
    const tooMuch = await errorOf(stripe.refunds.create({ payment_intent: id, amount: 101 }));
    expect(tooMuch).toMatchObject({ statusCode: 400, param: 'amount' });
    await stripe.refunds.create({ payment_intent: id, amount: 100 });
    expect(await stripe.charges.retrieve(idOf(charge))).toMatchObject({
      amount_refunded: 300,
      refunded: false,
    });
    await stripe.paymentIntents.cancel(id);
    expect(await stripe.charges.retrieve(idOf(charge))).toMatchObject({ refunded: true });
  });

  it('are done although nobody heard the answer', async () => {
    const { id } = await hold('pm_sandbox_refundTimeout');
    await part(id, 300);
    const refund = (timeout: number) =>
      stripe.refunds.create(
        { payment_intent: id, amount: 200 },
        { idempotencyKey: `back-${id}`, timeout },
      );
    await refund(LOST_MS).catch((error: unknown) => {
      expect(error).toBeInstanceOf(Stripe.errors.StripeConnectionError);
    });
    expect(await refund(PATIENT_MS)).toMatchObject({ status: 'succeeded', amount: 200 });
    expect(await truthOf(id)).toMatchObject({ amountRefunded: 200, amountCapturable: 700 });
  });
});
