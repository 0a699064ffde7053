import Stripe from 'stripe';
import { idOf } from '../gateway/reference.js';
import { errorOf } from '../testing/error-of.js';
import {
  API_KEY,
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

const card = (paymentMethod = 'pm_card_visa'): Stripe.PaymentIntentCreateParams => ({
  amount: 1000,
  currency: 'eur',
  confirm: true,
  payment_method: paymentMethod,
  payment_method_options: { card: { request_multicapture: 'if_available' } },
  automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
});

let keys = 0;
const key = () => ({ idempotencyKey: `key-${(keys += 1)}` });

describe('payment intents', () => {
  it('captures at once', async () => {
    const intent = await stripe.paymentIntents.create(card(), key());
    expect(intent).toMatchObject({ status: 'succeeded', amount_received: 1000, livemode: false });
    const charge = await stripe.charges.retrieve(idOf(intent.latest_charge));
    expect(charge).toMatchObject({ captured: true, amount_captured: 1000, status: 'succeeded' });
  });

  it('captures later, in parts, and lets the rest go', async () => {
    const intent = await stripe.paymentIntents.create(
      { ...card(), capture_method: 'manual' },
      key(),
    );
    expect(intent).toMatchObject({ status: 'requires_capture', amount_capturable: 1000 });
    const partly = await stripe.paymentIntents.capture(
      intent.id,
      { amount_to_capture: 300, final_capture: false, metadata: { part: '1' } },
      key(),
    );
    expect(partly).toMatchObject({ status: 'requires_capture', amount_capturable: 700 });
    const rest = await stripe.paymentIntents.capture(intent.id, { amount_to_capture: 200 }, key());
    expect(rest).toMatchObject({ status: 'succeeded', amount_received: 500, amount_capturable: 0 });
    expect(rest.metadata).toEqual({ part: '1' });
    const again = await errorOf(stripe.paymentIntents.capture(intent.id, {}, key()));
    expect(again).toMatchObject({ statusCode: 400, code: 'payment_intent_unexpected_state' });
    expect(again.payment_intent?.id).toBe(intent.id);
  });

  it('refuses to capture more than is held', async () => {
    const intent = await stripe.paymentIntents.create(
      { ...card(), capture_method: 'manual' },
      key(),
    );
    const error = await errorOf(
      stripe.paymentIntents.capture(intent.id, { amount_to_capture: 1001 }, key()),
    );
    expect(error).toMatchObject({ code: 'amount_too_large', param: 'amount_to_capture' });
  });

  it('cancels what is not captured, and only that', async () => {
    const intent = await stripe.paymentIntents.create(
      { ...card(), capture_method: 'manual' },
      key(),
    );
    const canceled = await stripe.paymentIntents.cancel(
      intent.id,
      { cancellation_reason: 'requested_by_customer' },
      key(),
    );
    expect(canceled).toMatchObject({ status: 'canceled', amount_capturable: 0 });
    const captured = await stripe.paymentIntents.create(card(), key());
    const error = await errorOf(stripe.paymentIntents.cancel(captured.id, {}, key()));
    expect(error.payment_intent?.status).toBe('succeeded');
  });

  it.each([
    ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline', undefined],
    [
      'pm_card_visa_chargeDeclinedInsufficientFunds',
      'card_declined',
      'insufficient_funds',
      'try_again_later',
    ],
    ['pm_card_visa_chargeDeclinedLostCard', 'card_declined', 'lost_card', 'do_not_try_again'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card', 'confirm_card_data'],
  ])('declines %s', async (token, code, declineCode, advice) => {
    const error = await errorOf(stripe.paymentIntents.create(card(token), key()));
    expect(error).toBeInstanceOf(Stripe.errors.StripeCardError);
    expect(error).toMatchObject({ statusCode: 402, code, decline_code: declineCode });
    expect(error.advice_code).toBe(advice);
    expect(error.payment_intent).toMatchObject({
      status: 'requires_payment_method',
      last_payment_error: { charge: error.charge },
    });
  });

  it('is found by time at once, by search later', async () => {
    const metadata = { paylog_payment: `pay${'q'.repeat(26)}` };
    const intent = await stripe.paymentIntents.create({ ...card(), metadata }, key());
    const listed = await stripe.paymentIntents.list({
      created: { gte: intent.created },
      limit: 100,
    });
    expect(listed.data.map(({ id }) => id)).toContain(intent.id);
    const searched = await stripe.paymentIntents.search({
      query: `metadata['paylog_payment']:'${metadata.paylog_payment}'`,
    });
    expect(searched.data).toEqual([]);
  });

  it('pages through lists', async () => {
    const before = await stripe.paymentIntents
      .list({ limit: 100 })
      .autoPagingToArray({ limit: 500 });
    for (let i = 0; i < 5; i += 1) await stripe.paymentIntents.create(card(), key());
    const paged: string[] = [];
    for await (const { id } of stripe.paymentIntents.list({ limit: 2 })) paged.push(id);
    expect(paged).toHaveLength(before.length + 5);
    expect(new Set(paged).size).toBe(paged.length);
  });
});

describe('3DS', () => {
  const returnUrl = 'https://shop.example/back?order=1';
  const asked = () =>
    stripe.paymentIntents.create(
      {
        ...card('pm_card_authenticationRequired'),
        automatic_payment_methods: { enabled: true },
        return_url: returnUrl,
      },
      key(),
    );

  it('sends the shopper to a page, and back', async () => {
    const intent = await asked();
    const url = intent.next_action?.redirect_to_url?.url ?? '';
    expect(await (await fetch(url)).text()).toContain('10.00 EUR');
    const form = { method: 'POST', body: new URLSearchParams({ decision: 'approve' }) };
    const answer = await fetch(url, { ...form, redirect: 'manual' });
    expect(answer.headers.get('location')).toBe(
      `${returnUrl}&payment_intent=${intent.id}&redirect_status=succeeded`,
    );
    expect((await stripe.paymentIntents.retrieve(intent.id)).status).toBe('succeeded');
  });

  it('fails without a charge when the shopper refuses', async () => {
    const { id } = await asked();
    await running.ask('POST', `/sandbox/3ds/${id}`, { decision: 'refuse' });
    const intent = await stripe.paymentIntents.retrieve(id);
    expect(intent).toMatchObject({
      status: 'requires_payment_method',
      latest_charge: null,
      last_payment_error: { code: 'payment_intent_authentication_failure' },
    });
  });

  it('may be declined after it', async () => {
    const { id } = await stripe.paymentIntents.create(
      card('pm_card_threeDSecureRequiredChargeDeclined'),
      key(),
    );
    await running.ask('POST', `/sandbox/3ds/${id}`, { decision: 'approve' });
    const intent = await stripe.paymentIntents.retrieve(id);
    expect(intent.last_payment_error?.decline_code).toBe('generic_decline');
    expect(intent.latest_charge).toMatch(/^ch_/);
  });

  it('can be abandoned, and then no longer approved', async () => {
    const { id } = await asked();
    await stripe.paymentIntents.cancel(id, { cancellation_reason: 'abandoned' }, key());
    await expect(
      running.ask('POST', `/sandbox/3ds/${id}`, { decision: 'approve' }),
    ).rejects.toThrow('400');
  });
});

describe('refunds', () => {
  it('gives back in parts, never more than was captured', async () => {
    const { id } = await stripe.paymentIntents.create(card(), key());
    const part = await stripe.refunds.create({ payment_intent: id, amount: 400 }, key());
    expect(part).toMatchObject({ status: 'succeeded', amount: 400 });
    const tooMuch = await errorOf(
      stripe.refunds.create({ payment_intent: id, amount: 601 }, key()),
    );
    expect(tooMuch.param).toBe('amount');
    await stripe.refunds.create({ payment_intent: id }, key());
    const done = await errorOf(stripe.refunds.create({ payment_intent: id }, key()));
    expect(done.code).toBe('charge_already_refunded');
    const listed = await stripe.refunds.list({ payment_intent: id });
    expect(listed.data.map(({ amount }) => amount)).toEqual([600, 400]);
  });

  it.each([
    ['pm_card_pendingRefund', 'pending', 'succeeded'],
    ['pm_card_refundFail', 'succeeded', 'failed'],
  ])('%s: %s, then %s', async (token, first, then) => {
    const { id } = await stripe.paymentIntents.create(card(token), key());
    const refund = await stripe.refunds.create({ payment_intent: id }, key());
    expect(refund.status).toBe(first);
    await running.settle();
    const later = await stripe.refunds.retrieve(refund.id);
    expect(later.status).toBe(then);
    expect(later.failure_balance_transaction === undefined).toBe(then === 'succeeded');
  });
});

describe('idempotency keys', () => {
  it('freeze the first answer, declines included', async () => {
    const options = key();
    const first = await stripe.paymentIntents.create(card(), options);
    const second = await stripe.paymentIntents.create(card(), options);
    expect(second.id).toBe(first.id);
    expect(second.lastResponse.headers['idempotent-replayed']).toBe('true');

    const declinedKey = key();
    const declined = () =>
      stripe.paymentIntents.create(card('pm_card_visa_chargeDeclined'), declinedKey);
    const [one, two] = [await errorOf(declined()), await errorOf(declined())];
    expect(two.payment_intent?.id).toBe(one.payment_intent?.id);
  });

  it('refuse other parameters', async () => {
    const options = key();
    await stripe.paymentIntents.create(card(), options);
    const error = await errorOf(stripe.paymentIntents.create({ ...card(), amount: 1001 }, options));
    expect(error).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
  });

  it('store nothing when validation fails', async () => {
    const options = key();
    const wrong = { ...card(), amount: -1 };
    expect(await errorOf(stripe.paymentIntents.create(wrong, options))).toMatchObject({
      statusCode: 400,
      param: 'amount',
    });
    expect((await stripe.paymentIntents.create(card(), options)).status).toBe('succeeded');
  });

  it('answer 409 while the first call is in flight, and its answer afterwards', async () => {
    const options = key();
    const create = () => stripe.paymentIntents.create(card('pm_sandbox_slow'), options);
    // Whichever arrives first is in flight until the sandbox is told to go on.
    const both = [create(), create()];
    const refused = await Promise.any(both.map(errorOf));
    expect(refused.statusCode).toBe(409);
    await running.settle();
    const first = await Promise.any(both);
    expect((await create()).id).toBe(first.id);
  });

  it('freeze a 500 for ever, whether or not money moved', async () => {
    for (const [token, moved] of [
      ['pm_sandbox_errorAfterCommit', 1],
      ['pm_sandbox_errorBeforeCommit', 0],
    ] as const) {
      const options = key();
      const metadata = { test: options.idempotencyKey };
      const create = () => stripe.paymentIntents.create({ ...card(token), metadata }, options);
      expect((await errorOf(create())).statusCode).toBe(500);
      expect((await errorOf(create())).statusCode).toBe(500);
      const { paymentIntents } = await running.truth();
      const made = paymentIntents.filter(
        (intent) => intent.metadata['test'] === options.idempotencyKey,
      );
      expect(made.map(({ captures }) => captures)).toEqual(moved === 1 ? [1] : []);
    }
  });

  it('are not touched by a rate limit', async () => {
    const options = key();
    const create = () => stripe.paymentIntents.create(card('pm_sandbox_rateLimited'), options);
    expect(await errorOf(create())).toBeInstanceOf(Stripe.errors.StripeRateLimitError);
    expect((await create()).status).toBe('succeeded');
  });

  it('get the answer that was lost', async () => {
    for (let i = 0; i < 6; i += 1) {
      const options = key();
      const create = (timeout: number) =>
        stripe.paymentIntents.create(card('pm_sandbox_commitThenTimeout'), { ...options, timeout });
      // The SDK repeats a closed connection by itself, with the same key: then the answer comes at once.
      const first = await create(LOST_MS).catch((error: unknown) => {
        expect(error).toBeInstanceOf(Stripe.errors.StripeConnectionError);
        return undefined;
      });
      const second = await create(PATIENT_MS);
      expect(second.status).toBe('succeeded');
      if (first !== undefined) expect(second.id).toBe(first.id);
    }
    expect((await running.truth()).capturedTwice).toBe(0);
  });
});

describe('bad requests', () => {
  it('need a key of the account', async () => {
    const url = new URL(running.sandbox.url);
    const stranger = new Stripe('sk_test_other', {
      host: url.hostname,
      port: url.port,
      protocol: 'http',
    });
    const error = await errorOf(stranger.paymentIntents.list());
    expect(error).toBeInstanceOf(Stripe.errors.StripeAuthenticationError);
    const bearer = await fetch(new URL('/v1/payment_intents', running.sandbox.url), {
      headers: { authorization: `Bearer ${API_KEY}` },
    });
    expect(bearer.status).toBe(200);
  });

  it.each([
    [{ ...card(), payment_method: 'pm_unknown' }, 'payment_method', 'resource_missing'],
    [{ ...card(), colour: 'red' }, 'colour', 'parameter_unknown'],
    [{ ...card(), currency: undefined }, 'currency', 'parameter_missing'],
    [{ ...card(), metadata: { ['k'.repeat(41)]: 'v' } }, undefined, undefined],
    [
      { ...card(), automatic_payment_methods: { enabled: true } },
      'return_url',
      'parameter_missing',
    ],
  ])('%j: the parameter is named', async (params, param, code) => {
    const error = await errorOf(
      stripe.paymentIntents.create(params as Stripe.PaymentIntentCreateParams, key()),
    );
    expect(error.statusCode).toBe(400);
    if (param !== undefined) expect(error).toMatchObject({ param, code });
  });

  it('answer 404 for what is not there', async () => {
    const error = await errorOf(stripe.paymentIntents.retrieve('pi_none'));
    expect(error).toMatchObject({ statusCode: 404, code: 'resource_missing' });
  });
});
