import type Stripe from 'stripe';
import { idOf } from '../gateway/reference.js';
import { errorOf } from '../testing/error-of.js';
import { runSandbox, type RunningSandbox } from '../testing/running-sandbox.js';

let running: RunningSandbox;
let stripe: Stripe;

beforeEach(async () => {
  running = await runSandbox();
  stripe = running.stripe;
});
afterEach(() => running.close());

const chargeOf = ({ latest_charge: id }: Stripe.PaymentIntent) => stripe.charges.retrieve(idOf(id));
const decide = (id: string, outcome: string) =>
  running.ask('POST', `/sandbox/payment-intents/${id}/decide`, { outcome });

async function told(): Promise<string[]> {
  const events = await stripe.events.list({ limit: 100 });
  return events.data.map(({ type }) => type).toReversed();
}

describe('a bank debit', () => {
  it.each([
    ['pm_usBankAccount_success', 'succeeded', 'succeeded', 1],
    ['pm_usBankAccount_insufficientFunds', 'requires_payment_method', 'failed', 0],
  ])('%s is under way, and then %s by itself', async (token, status, charged, captures) => {
    const intent = await running.pay(token);
    expect(intent.status).toBe('processing');
    expect(await chargeOf(intent)).toMatchObject({ status: 'pending', paid: false });
    expect(await running.truthOf(intent)).toMatchObject({ captures: 0, authorizations: 0 });
    await running.settle();
    const ended = await stripe.paymentIntents.retrieve(intent.id);
    expect(ended).toMatchObject({ status, latest_charge: intent.latest_charge });
    expect((await chargeOf(ended)).status).toBe(charged);
    expect(await running.truthOf(intent)).toMatchObject({ captures });
  });

  it.each(['succeeded', 'failed'])('waits until somebody says that it %s', async (outcome) => {
    const intent = await running.pay('pm_sandbox_sepaDebit');
    await running.settle();
    expect((await stripe.paymentIntents.retrieve(intent.id)).status).toBe('processing');
    const canceled = await errorOf(stripe.paymentIntents.cancel(intent.id));
    expect(canceled.code).toBe('payment_intent_unexpected_state');
    await decide(intent.id, outcome);
    expect(await told()).toEqual([
      'payment_intent.created',
      'charge.pending',
      'payment_intent.processing',
      ...(outcome === 'succeeded'
        ? ['charge.succeeded', 'payment_intent.succeeded', 'charge.updated']
        : ['charge.failed', 'payment_intent.payment_failed']),
    ]);
    await expect(decide(intent.id, outcome)).rejects.toThrow('400');
  });

  it('cannot be captured later', async () => {
    const error = await errorOf(running.pay('pm_sandbox_sepaDebit', { capture_method: 'manual' }));
    expect(error).toMatchObject({ statusCode: 400, param: 'capture_method' });
  });

  it('may be returned as a dispute that is lost at once', async () => {
    const { id } = await running.pay('pm_usBankAccount_dispute');
    await running.settle();
    expect(await running.truthOf({ id })).toMatchObject({
      captures: 1,
      disputes: [{ status: 'lost', reason: 'debit_not_authorized' }],
    });
  });
});

describe('a charge that had succeeded', () => {
  it('fails late: its money is taken back, and a new charge makes good for it', async () => {
    const intent = await running.pay('pm_sandbox_failsLater');
    await running.settle();
    const failed = await stripe.paymentIntents.retrieve(intent.id);
    expect(failed).toMatchObject({
      status: 'requires_payment_method',
      amount_received: 0,
      last_payment_error: { decline_code: 'account_closed', charge: intent.latest_charge },
    });
    const charge = await chargeOf(intent);
    expect(charge).toMatchObject({
      status: 'failed',
      amount_captured: 1000,
      failure_code: 'account_closed',
    });
    const back = await stripe.balanceTransactions.retrieve(
      idOf(charge.failure_balance_transaction),
    );
    expect(back).toMatchObject({
      amount: -1000,
      type: 'payment_failure_refund',
      reporting_category: 'charge_failure',
      source: charge.id,
    });
    const recovered = await stripe.paymentIntents.confirm(intent.id, {
      payment_method: 'pm_card_visa',
    });
    expect(recovered).toMatchObject({ status: 'succeeded', amount_received: 1000 });
    expect(recovered.latest_charge).not.toBe(intent.latest_charge);
    expect(await running.truthOf(intent)).toMatchObject({
      captures: 2,
      amountReceived: 1000,
      charges: [
        { id: intent.latest_charge, status: 'failed', failedLate: 1000 },
        { id: recovered.latest_charge, status: 'succeeded', failedLate: 0 },
      ],
    });
    expect((await running.truth()).capturedTwice).toBe(0);
  });

  it('is made good for by the shopper, who is declined first', async () => {
    const { id } = await running.pay('pm_card_visa');
    await running.ask('POST', `/sandbox/charges/${id}/fail`);
    const again = (paymentMethod: string) =>
      running.ask<Stripe.PaymentIntent>('POST', `/sandbox/payment-intents/${id}/retry`, {
        paymentMethod,
      });
    expect((await again('pm_card_visa_chargeDeclined')).status).toBe('requires_payment_method');
    expect((await again('pm_card_visa')).status).toBe('succeeded');
    await expect(again('pm_card_visa')).rejects.toThrow('400');
  });

  it('fails when somebody says so, less what was refunded', async () => {
    const intent = await running.pay('pm_card_visa');
    await stripe.refunds.create({ payment_intent: intent.id, amount: 300 });
    await running.ask('POST', `/sandbox/charges/${idOf(intent.latest_charge)}/fail`);
    expect(await running.truthOf(intent)).toMatchObject({ charges: [{ failedLate: 700 }] });
    const again = running.ask('POST', `/sandbox/charges/${intent.id}/fail`);
    await expect(again).rejects.toThrow('400');
  });
});
