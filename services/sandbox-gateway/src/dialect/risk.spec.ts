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

const decide = (id: string, decision: string) =>
  running.ask<Stripe.Review>('POST', `/sandbox/reviews/${id}`, { decision });

async function reviewsTold(): Promise<(string | null)[][]> {
  const events = await stripe.events.list({ type: 'review.*' });
  return events.data
    .flatMap((event) =>
      event.type === 'review.opened' || event.type === 'review.closed' ? [event] : [],
    )
    .map(({ type, data }) => [type, data.object.closed_reason])
    .toReversed();
}

describe('a review', () => {
  it('is opened beside the payment, whose money it does not touch', async () => {
    const intent = await running.pay('pm_sandbox_review');
    expect(intent).toMatchObject({ status: 'succeeded', review: expect.stringMatching(/^prv_/) });
    const charge = await stripe.charges.retrieve(idOf(intent.latest_charge));
    expect(charge).toMatchObject({
      review: intent.review,
      outcome: { type: 'manual_review', risk_level: 'elevated' },
    });
    const listed = await stripe.reviews.list();
    expect(listed.data).toMatchObject([
      { id: intent.review, open: true, reason: 'rule', charge: charge.id },
    ]);
  });

  it('is approved by the API or at the dashboard', async () => {
    const first = await running.pay('pm_sandbox_review');
    await stripe.reviews.approve(idOf(first.review));
    const second = await running.pay('pm_card_riskLevelElevated');
    expect(await decide(idOf(second.review), 'approve')).toMatchObject({
      open: false,
      closed_reason: 'approved',
    });
    expect((await stripe.reviews.list()).data).toEqual([]);
    const again = await errorOf(stripe.reviews.approve(idOf(first.review)));
    expect(again.statusCode).toBe(400);
  });

  it('is refused by giving the money back, or by letting it go', async () => {
    const taken = await running.pay('pm_sandbox_review');
    await decide(idOf(taken.review), 'refuse');
    expect(await running.truthOf(taken)).toMatchObject({
      amountRefunded: 1000,
      reviews: [{ open: false, closedReason: 'refunded_as_fraud' }],
    });
    const held = await running.pay('pm_sandbox_review', { capture_method: 'manual' });
    await decide(idOf(held.review), 'refuse');
    expect(await running.truthOf(held)).toMatchObject({
      status: 'canceled',
      reviews: [{ closedReason: 'canceled' }],
    });
    expect(await reviewsTold()).toEqual([
      ['review.opened', null],
      ['review.closed', 'refunded_as_fraud'],
      ['review.opened', null],
      ['review.closed', 'canceled'],
    ]);
  });

  it.each(['refunded', 'disputed'])('ends by itself when the charge is %s', async (reason) => {
    const intent = await running.pay('pm_sandbox_review');
    if (reason === 'refunded') await stripe.refunds.create({ payment_intent: intent.id });
    else await running.ask('POST', '/sandbox/disputes', { of: intent.id });
    expect(await running.truthOf(intent)).toMatchObject({ reviews: [{ closedReason: reason }] });
  });
});

it('warns early of fraud, by token or by hand', async () => {
  const intent = await running.pay('pm_card_createIssuerFraudRecord');
  const of = { of: intent.id, fraudType: 'made_with_stolen_card' };
  await running.ask('POST', '/sandbox/early-fraud-warnings', of);
  const { data } = await stripe.radar.earlyFraudWarnings.list({ payment_intent: intent.id });
  expect(data).toMatchObject([
    { fraud_type: 'made_with_stolen_card', actionable: true },
    { fraud_type: 'unauthorized_use_of_card', charge: intent.latest_charge },
  ]);
  const events = await stripe.events.list({ type: 'radar.early_fraud_warning.created' });
  expect(events.data).toHaveLength(2);
});

it('blocks what it takes for fraud before any issuer sees it', async () => {
  const error = await errorOf(running.pay('pm_card_radarBlock'));
  expect(error).toMatchObject({ statusCode: 402, code: 'card_declined' });
  expect((await stripe.charges.retrieve(error.charge ?? '')).outcome).toMatchObject({
    type: 'blocked',
    network_status: 'not_sent_to_network',
  });
});
