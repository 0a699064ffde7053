import type Stripe from 'stripe';
import { idOf } from '../gateway/reference.js';
import { errorOf } from '../testing/error-of.js';
import { runSandbox, type RunningSandbox, WEBHOOK_SECRET } from '../testing/running-sandbox.js';

let running: RunningSandbox;
let stripe: Stripe;

beforeEach(async () => {
  running = await runSandbox();
  stripe = running.stripe;
});
afterEach(() => running.close());

const disputesOf = async ({ id }: Stripe.PaymentIntent) =>
  (await stripe.disputes.list({ payment_intent: id })).data;

async function onlyDisputeOf(intent: Stripe.PaymentIntent): Promise<Stripe.Dispute> {
  const [dispute] = await disputesOf(intent);
  if (dispute === undefined) throw new Error('no dispute');
  return dispute;
}

async function disputed(paymentMethod: string) {
  const intent = await running.pay(paymentMethod);
  await running.settle();
  return { intent, dispute: await onlyDisputeOf(intent) };
}

const open = (of: string, more: object = {}) =>
  running.ask<Stripe.Dispute>('POST', '/sandbox/disputes', { of, ...more });
const decide = (id: string, outcome: string, more: object = {}) =>
  running.ask<Stripe.Dispute>('POST', `/sandbox/disputes/${id}/decide`, { outcome, ...more });

const respond = (id: string, text: string) =>
  stripe.disputes.update(id, { evidence: { uncategorized_text: text } });

const trueDisputes = async (intent: Stripe.PaymentIntent) =>
  (await running.truthOf(intent))?.disputes;

/** Types of the events about disputes, as they were emitted. */
async function told(): Promise<string[]> {
  const events = await stripe.events.list({ type: 'charge.dispute.*', limit: 100 });
  return events.data.map(({ type }) => type.slice('charge.dispute.'.length)).toReversed();
}

const moved = ({ balance_transactions: all }: Stripe.Dispute) =>
  all.map(({ amount, fee, net, reporting_category: category, type }) => [
    category,
    type,
    amount,
    fee,
    net,
  ]);
const WITHDRAWAL = ['dispute', 'adjustment', -1000, 1500, -2500];
const REINSTATEMENT = ['dispute_reversal', 'adjustment', 1000, 0, 1000];

describe('a chargeback', () => {
  it('takes the money and a fee, and waits for an answer', async () => {
    const { intent, dispute } = await disputed('pm_card_createDispute');
    expect(dispute).toMatchObject({
      status: 'needs_response',
      reason: 'fraudulent',
      amount: 1000,
      is_charge_refundable: false,
      charge: intent.latest_charge,
      payment_method_details: { card: { case_type: 'chargeback' } },
    });
    expect(dispute.evidence_details.due_by).toBeGreaterThan(dispute.created);
    expect(moved(dispute)).toEqual([WITHDRAWAL]);
    expect((await stripe.charges.retrieve(idOf(intent.latest_charge))).disputed).toBe(true);
    expect(await told()).toEqual(['created', 'funds_withdrawn']);
  });

  it('has the reason its token names', async () => {
    const { dispute } = await disputed('pm_card_createDisputeProductNotReceived');
    expect(dispute.reason).toBe('product_not_received');
  });

  it.each([
    ['winning_evidence', 'won', [WITHDRAWAL, REINSTATEMENT], ['closed', 'funds_reinstated']],
    ['losing_evidence', 'lost', [WITHDRAWAL], ['closed']],
  ])('answered with %s is %s', async (text, status, money, events) => {
    const { intent, dispute } = await disputed('pm_card_createDispute');
    const answered = await respond(dispute.id, text);
    expect(answered).toMatchObject({
      status: 'under_review',
      evidence: { uncategorized_text: text },
      evidence_details: { has_evidence: true, submission_count: 1, submission_method: 'manual' },
    });
    await running.settle();
    const decided = await onlyDisputeOf(intent);
    expect(decided.status).toBe(status);
    expect(moved(decided)).toEqual(money);
    expect(await told()).toEqual(['created', 'funds_withdrawn', 'updated', ...events]);
    const late = await errorOf(respond(dispute.id, text));
    expect(late.statusCode).toBe(400);
  });

  it('keeps evidence that is not submitted yet', async () => {
    const { dispute } = await disputed('pm_card_createDispute');
    const staged = await stripe.disputes.update(dispute.id, {
      evidence: { uncategorized_text: 'winning_evidence' },
      metadata: { case: '7' },
      submit: false,
    });
    expect(staged).toMatchObject({ status: 'needs_response', metadata: { case: '7' } });
    const submitted = await stripe.disputes.update(dispute.id, { submit: true });
    expect(submitted.status).toBe('under_review');
  });

  it('is lost when it is accepted', async () => {
    const { dispute } = await disputed('pm_card_createDispute');
    const accepted = await stripe.disputes.close(dispute.id);
    expect(accepted).toMatchObject({
      status: 'lost',
      evidence_details: { submission_count: 0 },
    });
    expect((await errorOf(stripe.disputes.close(dispute.id))).statusCode).toBe(400);
  });

  it('stands in the way of a refund, until it is won', async () => {
    const { intent, dispute } = await disputed('pm_card_createDispute');
    const refund = () => stripe.refunds.create({ payment_intent: intent.id });
    expect(await errorOf(refund())).toMatchObject({ statusCode: 400, code: 'charge_disputed' });
    await decide(dispute.id, 'won');
    expect((await refund()).status).toBe('succeeded');
  });

  it('makes a refund fail that was still pending', async () => {
    const intent = await running.pay('pm_card_pendingRefund');
    const { id } = await stripe.refunds.create({ payment_intent: intent.id, amount: 400 });
    await open(intent.id, { amount: 1000 });
    await running.settle();
    expect(await stripe.refunds.retrieve(id)).toMatchObject({
      status: 'failed',
      failure_reason: 'charge_for_pending_refund_disputed',
    });
  });

  it('may come after a refund, for everything that was captured', async () => {
    const intent = await running.pay();
    await stripe.refunds.create({ payment_intent: intent.id, amount: 400 });
    expect((await open(intent.id)).amount).toBe(600);
    expect((await open(intent.id, { amount: 1000 })).amount).toBe(1000);
    await expect(open(intent.id, { amount: 1001 })).rejects.toThrow('400');
  });
});

describe('an inquiry', () => {
  it('moves no money, and a full refund ends it', async () => {
    const { intent, dispute } = await disputed('pm_card_createDisputeInquiry');
    expect(dispute).toMatchObject({ status: 'warning_needs_response', is_charge_refundable: true });
    expect(moved(dispute)).toEqual([]);
    await stripe.refunds.create({ payment_intent: intent.id });
    expect((await onlyDisputeOf(intent)).status).toBe('warning_closed');
    expect(await told()).toEqual(['created', 'closed']);
  });

  it('becomes a chargeback when the evidence says so', async () => {
    const { intent, dispute } = await disputed('pm_card_createDisputeInquiry');
    const answered = await respond(dispute.id, 'escalate_inquiry_evidence');
    expect(answered.status).toBe('warning_under_review');
    await running.settle();
    const escalated = await onlyDisputeOf(intent);
    expect(escalated).toMatchObject({
      status: 'needs_response',
      is_charge_refundable: false,
      payment_method_details: { card: { case_type: 'chargeback' } },
    });
    expect(moved(escalated)).toEqual([WITHDRAWAL]);
    expect(await told()).toEqual(['created', 'updated', 'updated', 'funds_withdrawn']);
  });

  it.each(['winning_evidence', 'losing_evidence'])('is over after %s', async (text) => {
    const { intent, dispute } = await disputed('pm_card_createDisputeInquiry');
    await respond(dispute.id, text);
    await running.settle();
    expect((await onlyDisputeOf(intent)).status).toBe('warning_closed');
  });

  it('cannot be won, lost or accepted', async () => {
    const { dispute } = await disputed('pm_card_createDisputeInquiry');
    await expect(decide(dispute.id, 'won')).rejects.toThrow('400');
    await expect(decide(dispute.id, 'lost')).rejects.toThrow('400');
    expect((await errorOf(stripe.disputes.close(dispute.id))).statusCode).toBe(400);
  });
});

describe('tokens that tell the whole story', () => {
  it.each([
    ['pm_sandbox_disputeWon', { status: 'won', withdrawn: 1000, reinstated: 1000, fees: 1500 }],
    ['pm_sandbox_disputeLost', { status: 'lost', withdrawn: 1000, reinstated: 0, fees: 1500 }],
    ['pm_sandbox_disputeAccepted', { status: 'lost', reinstated: 0, submissions: 0 }],
    ['pm_sandbox_disputePartial', { status: 'needs_response', withdrawn: 500, amount: 500 }],
    ['pm_sandbox_disputePrevented', { status: 'prevented', withdrawn: 1000, fees: 0 }],
    [
      'pm_sandbox_disputeAppealed',
      { status: 'lost', withdrawn: 2000, reinstated: 1000, fees: 3000 },
    ],
    ['pm_sandbox_debitReturned', { status: 'lost', reason: 'debit_not_authorized' }],
  ])('%s', async (token, expected) => {
    const { intent } = await disputed(token);
    expect(await trueDisputes(intent)).toEqual([expect.objectContaining(expected)]);
  });

  it('dispute what was captured in parts once nothing more can come', async () => {
    const { id } = await stripe.paymentIntents.create({
      amount: 1000,
      currency: 'eur',
      confirm: true,
      capture_method: 'manual',
      payment_method: 'pm_card_createDispute',
      payment_method_options: { card: { request_multicapture: 'if_available' } },
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    });
    const part = { amount_to_capture: 300, final_capture: false };
    const partly = await stripe.paymentIntents.capture(id, part);
    await running.settle();
    expect(await disputesOf(partly)).toEqual([]);
    await stripe.paymentIntents.cancel(id);
    await running.settle();
    expect((await onlyDisputeOf(partly)).amount).toBe(300);
  });
});

describe('by hand', () => {
  it('a charge can be disputed again after a dispute was won', async () => {
    const intent = await running.pay();
    const first = await open(intent.id, { reason: 'product_not_received', amount: 300 });
    await decide(first.id, 'won');
    const second = await open(idOf(intent.latest_charge), { amount: 300 });
    await decide(second.id, 'lost');
    expect(await trueDisputes(intent)).toMatchObject([
      { id: first.id, status: 'won', withdrawn: 300, reinstated: 300 },
      { id: second.id, status: 'lost', withdrawn: 300, reinstated: 0 },
    ]);
  });

  it('an appeal takes a won dispute up again', async () => {
    const intent = await running.pay();
    const { id } = await open(intent.id);
    await decide(id, 'won');
    const appealed = await decide(id, 'appealed');
    expect(appealed.status).toBe('appeal_needs_response');
    expect(moved(appealed)).toEqual([WITHDRAWAL, REINSTATEMENT, WITHDRAWAL]);
    expect(appealed.evidence.appeal).not.toBeNull();
    const answered = await stripe.disputes.update(id, {
      evidence: { appeal: { card: { reason_for_filing: 'more to say' } } },
    });
    expect(answered).toMatchObject({
      status: 'appeal_under_review',
      evidence: { appeal: { card: { reason_for_filing: 'more to say' } } },
    });
    const won = await decide(id, 'won', { amount: 700 });
    expect(moved(won).at(-1)).toEqual(['dispute_reversal', 'adjustment', 700, 0, 700]);
    expect(await trueDisputes(intent)).toMatchObject([{ withdrawn: 2000, reinstated: 1700 }]);
  });

  it('is refused for what has nothing to dispute', async () => {
    await expect(open('ch_none')).rejects.toThrow('404');
    const declined = await errorOf(running.pay('pm_card_visa_chargeDeclined'));
    await expect(open(declined.charge ?? '')).rejects.toThrow('400');
  });
});

it('arrives by signed webhooks that tell of the dispute as it was', async () => {
  const { dispute } = await disputed('pm_card_createDispute');
  const events = running.receiver.received.map(({ body, signature }) =>
    stripe.webhooks.constructEvent(body, signature, WEBHOOK_SECRET),
  );
  const [created] = events.filter(({ type }) => type === 'charge.dispute.created');
  expect(created?.data.object).toMatchObject({ id: dispute.id, object: 'dispute' });
});
