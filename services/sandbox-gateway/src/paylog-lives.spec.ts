import { fold, type Fact, type Payment } from '@paylog/payment-domain';
import fc from 'fast-check';
import Stripe from 'stripe';
import type { TrueIntent } from './admin/truth.js';
import {
  foldedInOtherOrders,
  paymentOfOrder,
  runPaylog,
  terms,
  type Paylog,
} from './testing/paylog.js';
import { ACCOUNT, type RunningSandbox } from './testing/running-sandbox.js';

/**
 * Random lives of payments. Whatever is done to a payment, by whomever and in whatever order: its webhooks alone, mapped
 * and folded in any order and some of them twice, must say what the gateway did to money.
 */
let paylog: Paylog;
let running: RunningSandbox;
let stripe: Stripe;

beforeAll(async () => {
  paylog = await runPaylog();
  ({ running } = paylog);
  ({ stripe } = running);
});
afterAll(() => running.close());

/** How a payment begins. */
const beginnings = fc.record({
  amount: fc.integer({ min: 100, max: 5000 }),
  token: fc.constantFrom(
    'pm_card_visa',
    'pm_card_visa',
    'pm_card_pendingRefund',
    'pm_card_refundFail',
    'pm_card_refundFail',
    'pm_card_visa_chargeDeclined',
    'pm_sandbox_sepaDebit',
    'pm_sandbox_review',
    'pm_sandbox_webhooksDuplicated',
    'pm_sandbox_webhooksVaried',
  ),
  manual: fc.constantFrom(true, false, false),
});

const share = fc.integer({ min: 1, max: 100 });
/** What may be done to it. Much of it the gateway refuses, which is part of a life too. */
const acts = fc.oneof(
  fc.record({ act: fc.constant('capture' as const), share, final: fc.boolean() }),
  fc.record({ act: fc.constant('refund' as const), share: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ act: fc.constant('refund' as const), share }),
  fc.record({ act: fc.constant('dashboard_refund' as const), share }),
  fc.record({
    act: fc.constant('dispute' as const),
    share,
    stage: fc.constantFrom('chargeback', 'inquiry', 'prevented'),
  }),
  fc.record({
    act: fc.constant('decide' as const),
    outcome: fc.constantFrom('won', 'lost', 'closed', 'escalated', 'appealed'),
    feeReturned: fc.boolean(),
  }),
  fc.record({
    act: fc.constant('evidence' as const),
    text: fc.constantFrom('winning_evidence', 'losing_evidence', 'escalate_inquiry_evidence'),
  }),
  fc.record({ act: fc.constantFrom('increment' as const), by: fc.integer({ min: 1, max: 500 }) }),
  fc.record({ act: fc.constantFrom('cancel' as const, 'expire' as const, 'fail' as const) }),
  // The middle of a dispute is reached only by those that were opened and answered.
  fc.record({
    act: fc.constant('decide' as const),
    outcome: fc.constantFrom('won', 'lost'),
    feeReturned: fc.boolean(),
  }),
  fc.record({ act: fc.constant('dispute' as const), share, stage: fc.constant('chargeback') }),
  fc.record({ act: fc.constant('bank' as const), outcome: fc.constantFrom('succeeded', 'failed') }),
  fc.record({ act: fc.constant('retry' as const) }),
  fc.record({ act: fc.constant('wait' as const) }),
);
type Act = typeof acts extends fc.Arbitrary<infer T> ? T : never;

async function live(
  payment: string,
  beginning: { amount: number; token: string; manual: boolean },
  story: readonly Act[],
): Promise<void> {
  const begun = stripe.paymentIntents.create({
    amount: beginning.amount,
    currency: 'eur',
    confirm: true,
    capture_method: beginning.manual ? 'manual' : 'automatic',
    payment_method: beginning.token,
    payment_method_options: {
      card: {
        request_multicapture: 'if_available',
        request_incremental_authorization: 'if_available',
      },
    },
    metadata: { paylog_payment: payment },
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  });
  await begun.catch(refused);
  const [intent] = (await truth()).filter(({ metadata }) => metadata['paylog_payment'] === payment);
  if (intent === undefined) throw new Error('the payment is not there');
  for (const each of story) await act(intent.id, beginning.amount, each).catch(refused);
  await running.settle();
}

/** An error of ours is none of the gateway's refusals. */
function refused(error: unknown): void {
  const byGateway =
    error instanceof Stripe.errors.StripeError && (error.statusCode ?? 500) < 500
      ? true
      : error instanceof Error && / answered 4\d\d$/.test(error.message);
  if (!byGateway) throw error;
}

async function act(id: string, amount: number, each: Act): Promise<unknown> {
  const part = (of: number) => Math.max(1, Math.floor((amount * of) / 100));
  const post = (path: string, body?: object) => running.ask('POST', `/sandbox/${path}`, body);
  switch (each.act) {
    case 'capture':
      return stripe.paymentIntents.capture(id, {
        amount_to_capture: part(each.share),
        final_capture: each.final,
      });
    case 'refund':
      return stripe.refunds.create({ payment_intent: id, amount: part(each.share) });
    case 'dashboard_refund':
      return post('dashboard/refunds', { of: id, amount: part(each.share) });
    case 'dispute':
      return post('disputes', { of: id, amount: part(each.share), stage: each.stage });
    case 'decide': {
      const { outcome, feeReturned } = each;
      return post(`disputes/${await lastDispute(id)}/decide`, { outcome, feeReturned });
    }
    case 'evidence':
      return stripe.disputes.update(await lastDispute(id), {
        evidence: { uncategorized_text: each.text },
      });
    case 'increment':
      return stripe.paymentIntents.incrementAuthorization(id, { amount: amount + each.by });
    case 'cancel':
      return stripe.paymentIntents.cancel(id);
    case 'expire':
      return post(`payment-intents/${id}/expire`);
    case 'fail':
      return post(`charges/${id}/fail`);
    case 'bank':
      return post(`payment-intents/${id}/decide`, { outcome: each.outcome });
    case 'retry':
      return post(`payment-intents/${id}/retry`, { paymentMethod: 'pm_card_visa' });
    case 'wait':
      return running.settle();
  }
}

async function lastDispute(intent: string): Promise<string> {
  const { data } = await stripe.disputes.list({ payment_intent: intent, limit: 1 });
  return data[0]?.id ?? 'du_none';
}

const truth = async (): Promise<readonly TrueIntent[]> => (await running.truth()).paymentIntents;

async function factsOf(payment: string, intent: TrueIntent): Promise<Fact[]> {
  const { facts, refused: unsigned } = await paylog.heardOf(payment);
  expect(unsigned).toBe(0);
  const amount = { minor: BigInt(intent.amount), currency: 'EUR' };
  const captureMode = intent.captureMethod === 'manual' ? 'manual' : 'automatic';
  return [terms(payment, { amount, captureMode }, payment), ...facts];
}

/** What the gateway did to money, in the words of a payment's state. */
function moneyIn(intent: TrueIntent) {
  const left = (lost: boolean) =>
    intent.disputes
      .filter(({ status }) => (status === 'lost' || status === 'prevented') === lost)
      .reduce((sum, { withdrawn, reinstated }) => sum + withdrawn - reinstated, 0);
  const fees = intent.disputes.reduce((sum, dispute) => sum + dispute.fees, 0);
  return {
    captured: BigInt(intent.amountReceived),
    refunded: BigInt(intent.amountRefunded),
    // A charge that failed late was never won: what of it was let go is nobody's any more.
    ...(intent.charges.some(({ failedLate }) => failedLate > 0)
      ? {}
      : { voided: BigInt(intent.amountReleased) }),
    disputed: BigInt(left(false)),
    chargedBack: BigInt(left(true)),
    disputeFees: BigInt(fees),
  };
}

/** What may be wrong although the gateway allows it: money given back that was then taken back, or never there. */
function allowedIn(intent: TrueIntent): readonly string[] {
  const failed = intent.charges.some(({ failedLate }) => failedLate > 0);
  return ['refunded_and_disputed', ...(failed ? ['refunded_more_than_captured'] : [])];
}

function moneyOf({ amounts }: Payment) {
  const { captured, refunded, voided, disputed, chargedBack, disputeFees } = amounts;
  return { captured, refunded, voided, disputed, chargedBack, disputeFees };
}

it('any life of a payment is told by its webhooks, in any order', async () => {
  let lives = 0;
  await fc.assert(
    fc.asyncProperty(
      beginnings,
      fc.array(acts, { minLength: 3, maxLength: 8, size: 'max' }),
      fc.integer(),
      async (beginning, story, order) => {
        lives += 1;
        running.receiver.received.length = 0;
        const payment = paymentOfOrder(`life-${lives}`);
        await live(payment, beginning, story);
        const intent = (await truth()).find(
          ({ metadata }) => metadata['paylog_payment'] === payment,
        );
        if (intent === undefined) throw new Error('the payment is gone');
        const facts = await factsOf(payment, intent);
        const state = fold(facts);
        expect(moneyOf(state)).toMatchObject(moneyIn(intent));
        for (const { kind } of state.anomalies) expect(allowedIn(intent)).toContain(kind);
        for (const other of foldedInOtherOrders(facts, 5, order)) expect(other).toEqual(state);
      },
    ),
    { numRuns: 100 },
  );
}, 300_000);

it('and every cent of all those lives is in the balance', async () => {
  const { totals } = await running.truth();
  const moved = (kind: string) => (totals['eur'] as Record<string, number>)[kind] ?? 0;
  let gross = 0;
  let net = 0;
  let disputeFees = 0;
  for await (const booked of stripe.balanceTransactions.list({ limit: 100 })) {
    gross += booked.amount;
    net += booked.net;
    if (booked.type === 'adjustment') disputeFees += booked.fee;
    expect(booked.net).toBe(booked.amount - booked.fee);
  }
  expect(moved('captured')).toBeGreaterThan(0);
  expect(gross).toBe(
    moved('captured') -
      moved('charge_failed') -
      moved('refunded') +
      moved('refund_failed') -
      moved('dispute_withdrawn') +
      moved('dispute_reinstated'),
  );
  expect(disputeFees).toBe(moved('dispute_fee'));
  const { available } = await stripe.balance.retrieve();
  expect(available).toMatchObject([{ currency: 'eur', amount: net }]);
  const { payouts } = await running.ask<{ payouts: Stripe.Payout[] }>('POST', '/sandbox/payouts', {
    account: ACCOUNT,
  });
  // What was given back, lost or disputed may be more than came in: the provider then waits.
  expect(payouts.map(({ amount }) => amount)).toEqual(net > 0 ? [net] : []);
});
