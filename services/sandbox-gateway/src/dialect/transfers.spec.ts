import Stripe from 'stripe';
import { idOf } from '../gateway/reference.js';
import { errorOf } from '../testing/error-of.js';
import {
  ACCOUNT,
  LOST_MS,
  PATIENT_MS,
  runSandbox,
  type RunningSandbox,
} from '../testing/running-sandbox.js';

let running: RunningSandbox;
let stripe: Stripe;

beforeEach(async () => {
  running = await runSandbox();
  stripe = running.stripe;
});
afterEach(() => running.close());

const pay = (more: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  running.pay('pm_card_visa', {
    payment_method_options: { card: { request_multicapture: 'if_available' } },
    ...more,
  });

const transfer = (amount: number, more: Partial<Stripe.TransferCreateParams> = {}) =>
  stripe.transfers.create({ amount, currency: 'eur', destination: 'acct_alice', ...more });

const trueTransfers = async (intent: { id: string }) => (await running.truthOf(intent))?.transfers;

describe('a transfer', () => {
  it('takes no more from a charge than it brought', async () => {
    const intent = await pay({ transfer_group: 'order-1' });
    const source = { source_transaction: idOf(intent.latest_charge) };
    const first = await transfer(700, { ...source, metadata: { part: 'alice' } });
    expect(first).toMatchObject({
      transfer_group: 'order-1',
      destination: 'acct_alice',
      amount_reversed: 0,
      reversed: false,
      ...source,
    });
    const tooMuch = await errorOf(transfer(301, { ...source, destination: 'acct_bob' }));
    expect(tooMuch).toMatchObject({ statusCode: 400, param: 'source_transaction' });
    await transfer(300, { ...source, destination: 'acct_bob' });
    const listed = await stripe.transfers.list({ transfer_group: 'order-1' });
    expect(listed.data.map(({ destination }) => destination)).toEqual(['acct_bob', 'acct_alice']);
    const booked = await stripe.balanceTransactions.retrieve(idOf(first.balance_transaction));
    expect(booked).toMatchObject({
      amount: -700,
      fee: 0,
      type: 'transfer',
      reporting_category: 'transfer',
      source: first.id,
    });
    expect(await trueTransfers(intent)).toMatchObject([
      { destination: 'acct_alice', amount: 700, reversed: 0, metadata: { part: 'alice' } },
      { destination: 'acct_bob', amount: 300, reversed: 0 },
    ]);
  });

  it('without a charge takes from the balance what is there', async () => {
    expect((await errorOf(transfer(1))).code).toBe('balance_insufficient');
    const { id } = await pay({ transfer_group: 'order-2' });
    const sent = await transfer(900, { transfer_group: 'order-2' });
    expect(await trueTransfers({ id })).toMatchObject([{ id: sent.id, charge: null }]);
    expect((await errorOf(transfer(900))).code).toBe('balance_insufficient');
  });

  it('of a payment captured in parts can name no charge', async () => {
    const { id } = await pay({ capture_method: 'manual' });
    const part = { amount_to_capture: 400, final_capture: false };
    const { latest_charge: charge } = await stripe.paymentIntents.capture(id, part);
    await stripe.paymentIntents.capture(id, { amount_to_capture: 400 });
    const error = await errorOf(transfer(100, { source_transaction: idOf(charge) }));
    expect(error).toMatchObject({ statusCode: 400, param: 'source_transaction' });
  });

  it('goes to accounts that are open', async () => {
    await pay();
    const closed = await errorOf(transfer(100, { destination: 'acct_closed' }));
    expect(closed).toMatchObject({ statusCode: 400, code: 'account_closed' });
    expect((await errorOf(transfer(100, { destination: 'alice' }))).statusCode).toBe(404);
  });

  it('is done although nobody heard the answer', async () => {
    const { id } = await pay({ transfer_group: 'order-3' });
    const send = (destination: string, timeout: number) =>
      stripe.transfers.create(
        { amount: 100, currency: 'eur', destination, transfer_group: 'order-3' },
        { idempotencyKey: `to-${destination}`, timeout },
      );
    // The SDK repeats a closed connection by itself, with the same key: then the answer comes at once.
    const unheard = (error: unknown) => {
      expect(error).toBeInstanceOf(Stripe.errors.StripeConnectionError);
    };
    await send('acct_timeout', LOST_MS).catch(unheard);
    const sent = await send('acct_timeout', PATIENT_MS);
    expect(await trueTransfers({ id })).toMatchObject([{ id: sent.id }]);
  });
});

describe('a reversal', () => {
  it('takes back in parts, never more than is left', async () => {
    const intent = await pay();
    const { id } = await transfer(700, { source_transaction: idOf(intent.latest_charge) });
    const part = await stripe.transfers.createReversal(id, {
      amount: 200,
      metadata: { of: 'refund' },
    });
    expect(part).toMatchObject({ object: 'transfer_reversal', amount: 200, transfer: id });
    const tooMuch = await errorOf(stripe.transfers.createReversal(id, { amount: 501 }));
    expect(tooMuch).toMatchObject({ statusCode: 400, param: 'amount' });
    await stripe.transfers.createReversal(id);
    const reversed = await stripe.transfers.retrieve(id);
    expect(reversed).toMatchObject({ amount_reversed: 700, reversed: true });
    expect(reversed.reversals.data.map(({ amount }) => amount)).toEqual([500, 200]);
    const { data } = await stripe.transfers.listReversals(id, { limit: 1 });
    expect(data.map(({ amount }) => amount)).toEqual([500]);
    const booked = await stripe.balanceTransactions.retrieve(idOf(part.balance_transaction));
    expect(booked).toMatchObject({
      amount: 200,
      type: 'transfer_refund',
      reporting_category: 'transfer_reversal',
      source: part.id,
    });
    expect(await trueTransfers(intent)).toMatchObject([
      { reversed: 700, reversals: [{ amount: 500 }, { amount: 200, metadata: { of: 'refund' } }] },
    ]);
    const events = await stripe.events.list({ type: 'transfer.*' });
    expect(events.data.map(({ type }) => type)).toEqual([
      'transfer.reversed',
      'transfer.reversed',
      'transfer.created',
    ]);
  });
});

describe('a payment that says where its money goes', () => {
  it('is transferred once it is captured, and its share comes back with a refund', async () => {
    const intent = await pay({ transfer_data: { destination: 'acct_alice', amount: 800 } });
    const charge = await stripe.charges.retrieve(idOf(intent.latest_charge));
    const id = idOf(charge.transfer);
    expect(charge.transfer_data).toEqual({ destination: 'acct_alice', amount: 800 });
    expect(await stripe.transfers.retrieve(id)).toMatchObject({ amount: 800 });
    const refund = await stripe.refunds.create({
      payment_intent: intent.id,
      amount: 500,
      reverse_transfer: true,
    });
    expect(refund.transfer_reversal).toMatch(/^trr_/);
    expect(await stripe.transfers.retrieve(id)).toMatchObject({ amount_reversed: 400 });
  });

  it('cannot ask for a reversal where nothing was transferred', async () => {
    const { id } = await pay();
    const error = await errorOf(
      stripe.refunds.create({ payment_intent: id, reverse_transfer: true }),
    );
    expect(error).toMatchObject({ statusCode: 400, param: 'reverse_transfer' });
    expect((await stripe.refunds.list({ payment_intent: id })).data).toEqual([]);
  });

  it('is transferred when the last part is captured', async () => {
    const { id } = await pay({
      capture_method: 'manual',
      transfer_data: { destination: 'acct_alice' },
    });
    await stripe.paymentIntents.capture(id, { amount_to_capture: 300, final_capture: false });
    expect(await trueTransfers({ id })).toEqual([]);
    await stripe.paymentIntents.capture(id, { amount_to_capture: 200 });
    expect(await trueTransfers({ id })).toMatchObject([{ amount: 500 }]);
  });
});

it('tells transfers in the report of a payout, with their own metadata', async () => {
  const intent = await pay();
  const source = idOf(intent.latest_charge);
  const sent = await transfer(700, { source_transaction: source, metadata: { mine: 'one' } });
  const back = await stripe.transfers.createReversal(sent.id, {
    amount: 200,
    metadata: { mine: 'two' },
  });
  await running.ask('POST', '/sandbox/payouts', { account: ACCOUNT });
  const run = await stripe.reporting.reportRuns.create({
    report_type: 'payout_reconciliation.itemized.5',
    parameters: {
      interval_start: 0,
      interval_end: Math.floor(Date.now() / 1000) + 60,
      columns: [
        'reporting_category',
        'source_id',
        'net',
        'connected_account_id',
        'transfer_metadata[mine]',
      ] as never,
    },
  });
  await running.settle();
  const { result } = await stripe.reporting.reportRuns.retrieve(run.id);
  const file = await fetch(result?.url ?? '', {
    headers: { authorization: 'Bearer sk_test_sandbox' },
  });
  expect((await file.text()).trim().split('\n')).toEqual([
    'reporting_category,source_id,net,connected_account_id,transfer_metadata[mine]',
    `charge,${source},9.41,,`,
    `transfer,${sent.id},-7.00,acct_alice,one`,
    `transfer_reversal,${back.id},2.00,acct_alice,two`,
  ]);
});

describe('a saved method', () => {
  const customer = { customer: 'cus_1' };

  it('is taken with the shopper there, and later without them', async () => {
    const saved = await pay({
      ...customer,
      setup_future_usage: 'off_session',
      payment_method: 'pm_card_authenticationRequiredOnSetup',
    });
    expect(saved).toMatchObject({ status: 'requires_action', setup_future_usage: 'off_session' });
    await running.ask('POST', `/sandbox/3ds/${saved.id}`, { decision: 'approve' });
    const later = await pay({
      ...customer,
      off_session: true,
      payment_method: 'pm_card_authenticationRequiredOnSetup',
    });
    expect(later).toMatchObject({ status: 'succeeded', customer: 'cus_1' });
  });

  it('that must always be authenticated is declined when nobody is there', async () => {
    const params = { ...customer, payment_method: 'pm_card_authenticationRequired' };
    const error = await errorOf(pay({ ...params, off_session: true }));
    expect(error).toMatchObject({ statusCode: 402, code: 'authentication_required' });
    expect(error.payment_intent?.status).toBe('requires_payment_method');
    const again = await stripe.paymentIntents.confirm(error.payment_intent?.id ?? '', {
      payment_method: params.payment_method,
    });
    expect(again.status).toBe('requires_action');
  });
});
