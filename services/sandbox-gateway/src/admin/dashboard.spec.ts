import type Stripe from 'stripe';
import { idOf } from '../gateway/reference.js';
import { ACCOUNT, runSandbox, type RunningSandbox } from '../testing/running-sandbox.js';

let running: RunningSandbox;
let stripe: Stripe;

beforeEach(async () => {
  running = await runSandbox();
  stripe = running.stripe;
});
afterEach(() => running.close());

const atDashboard = <T>(what: string, body: object) =>
  running.ask<T>('POST', `/sandbox/dashboard/${what}`, body);

describe('at the dashboard', () => {
  it('a refund is made that carries no id of anybody', async () => {
    const { id } = await running.pay('pm_card_visa', {
      metadata: { paylog_payment: `pay${'a'.repeat(26)}` },
    });
    const refund = await atDashboard<Stripe.Refund>('refunds', { of: id, amount: 300 });
    expect(refund).toMatchObject({ status: 'succeeded', amount: 300, metadata: {} });
    const { data } = await stripe.events.list({ type: 'refund.created' });
    expect(data[0]?.request).toEqual({ id: null, idempotency_key: null });
    await expect(atDashboard('refunds', { of: id, amount: 701 })).rejects.toThrow('400');
  });

  it('a payment is taken that nobody ordered', async () => {
    const body = { account: ACCOUNT, amount: 500, currency: 'eur' };
    const intent = await atDashboard<Stripe.PaymentIntent>('payments', body);
    expect(intent).toMatchObject({ status: 'succeeded', metadata: {} });
    const held = await atDashboard<Stripe.PaymentIntent>('payments', {
      ...body,
      captureMethod: 'manual',
    });
    expect(held.status).toBe('requires_capture');
    await expect(atDashboard('payments', { ...body, account: 'other' })).rejects.toThrow('404');
    await expect(atDashboard('payments', { ...body, paymentMethod: 'pm_none' })).rejects.toThrow(
      '400',
    );
  });

  it('money is credited that is about no payment, and paid out', async () => {
    const credit = { account: ACCOUNT, amount: 700, currency: 'eur', description: 'goodwill' };
    const booked = await atDashboard<Stripe.BalanceTransaction>('adjustments', credit);
    expect(booked).toMatchObject({ type: 'adjustment', amount: 700, description: 'goodwill' });
    const made = await running.ask<{ payouts: Stripe.Payout[] }>('POST', '/sandbox/payouts', {
      account: ACCOUNT,
    });
    expect(made.payouts).toMatchObject([{ amount: 700 }]);
    const lines = await stripe.balanceTransactions.list({ payout: idOf(made.payouts[0]) });
    expect(lines.data.map(({ reporting_category: category }) => category)).toEqual([
      'payout',
      'adjustment',
    ]);
  });
});
