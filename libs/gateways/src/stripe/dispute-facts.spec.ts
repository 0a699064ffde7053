import { fold, type Fact } from '@paylog/payment-domain';
import { signed } from '../signed.js';
import { charge, event, paymentIntent, PAYMENT, type Fields } from '../testing/stripe-events.js';
import { toFacts } from './to-facts.js';

const CONTEXT = { account: 'stripe-main', mode: 'test', paymentId: PAYMENT } as const;
const DUE = 1_773_000_000;

function dispute(over: Fields = {}): Fields {
  return {
    id: 'dp_1',
    object: 'dispute',
    amount: 1000,
    currency: 'eur',
    status: 'needs_response',
    reason: 'fraudulent',
    charge: 'ch_1',
    payment_intent: 'pi_1',
    evidence: {},
    evidence_details: { due_by: DUE },
    balance_transactions: [],
    ...over,
  };
}

const withdrawn = { id: 'txn_1', amount: -1000, fee: 1500, currency: 'eur' };
const reinstated = { id: 'txn_2', amount: 1000, fee: 0, currency: 'eur' };

let events = 0;
function told(type: string, object: Fields): readonly Fact[] {
  events += 1;
  const mapped = toFacts(signed(event(type, object, { id: `evt_${events}` })), CONTEXT);
  if (mapped.kind !== 'facts') throw new Error(`mapped to ${JSON.stringify(mapped)}`);
  return mapped.facts;
}

const paid = () => [
  ...told('payment_intent.succeeded', paymentIntent()),
  ...told('charge.succeeded', charge()),
];
const given = (...facts: readonly Fact[]) => fold([...paid(), ...facts]);
const created = (over: Fields = {}) => told('charge.dispute.created', dispute(over));
const closed = (over: Fields) => told('charge.dispute.closed', dispute(over));

describe('a dispute of Stripe', () => {
  it('is found by its charge or payment intent: its metadata is not ours', () => {
    const { paymentId: _known, ...unknown } = CONTEXT;
    expect(toFacts(signed(event('charge.dispute.created', dispute())), unknown)).toMatchObject({
      kind: 'unresolved',
      references: ['pi_1', 'ch_1'],
    });
  });

  it('says stage, outcome, amount, reason, and until when to respond', () => {
    expect(created()).toMatchObject([
      {
        type: 'dispute',
        dispute: 'dp_1',
        stage: 'chargeback',
        outcome: 'opened',
        amount: { minor: 1000n, currency: 'EUR' },
        reason: 'fraudulent',
        respondBy: new Date(DUE * 1000).toISOString(),
        parent: 'ch_1',
      },
    ]);
  });

  it.each([
    ['warning_needs_response', 'inquiry', 'opened'],
    ['warning_under_review', 'inquiry', 'evidence_submitted'],
    ['warning_closed', 'inquiry', 'closed'],
    ['needs_response', 'chargeback', 'opened'],
    ['under_review', 'chargeback', 'evidence_submitted'],
    ['appeal_needs_response', 'appeal', 'opened'],
    ['appeal_under_review', 'appeal', 'evidence_submitted'],
    ['won', 'chargeback', 'won'],
    ['lost', 'chargeback', 'lost'],
    ['prevented', 'chargeback', 'prevented'],
  ])('in status %s stands at %s: %s', (status, stage, outcome) => {
    expect(created({ status })[0]).toMatchObject({ type: 'dispute', stage, outcome });
  });

  it('decided after an appeal is decided at that stage, so that it does not contradict', () => {
    const appealed = { evidence: { appeal: { card: {} } } };
    const payment = given(
      ...closed({ status: 'lost', balance_transactions: [withdrawn] }),
      ...closed({ status: 'won', ...appealed, balance_transactions: [withdrawn, reinstated] }),
    );
    expect(payment.disputeStatus).toEqual({ stage: 'appeal', outcome: 'won' });
    expect(payment).toMatchObject({ label: 'captured', final: true, anomalies: [] });
  });

  it('moves money once, however many events show the same balance transactions', () => {
    const open = { balance_transactions: [withdrawn] };
    const payment = given(
      ...created(open),
      ...told('charge.dispute.funds_withdrawn', dispute(open)),
      ...told('charge.dispute.updated', dispute({ ...open, status: 'under_review' })),
    );
    expect(payment).toMatchObject({
      label: 'disputed',
      amounts: { captured: 1000n, disputed: 1000n, disputeFees: 1500n },
    });
  });

  it('lost keeps the money, won brings it back, and the fee where Stripe gives that back', () => {
    const out = { balance_transactions: [withdrawn] };
    const lost = given(...created(out), ...closed({ status: 'lost', ...out }));
    expect(lost).toMatchObject({ label: 'charged_back', amounts: { chargedBack: 1000n } });
    const feeBack = { ...reinstated, fee: -1500 };
    const won = given(
      ...created(out),
      ...closed({ status: 'won', balance_transactions: [withdrawn, feeBack] }),
    );
    expect(won).toMatchObject({ label: 'captured', amounts: { disputed: 0n, disputeFees: 0n } });
  });

  it('settled in another currency moves what is in dispute; its fee stays in that currency', () => {
    const inDollars = { id: 'txn_1', amount: -1100, fee: 1600, currency: 'usd' };
    const payment = given(...created({ balance_transactions: [inDollars] }));
    expect(payment.amounts).toMatchObject({ disputed: 1000n, disputeFees: 0n });
    expect(payment.otherCurrencies['USD']).toMatchObject({ disputeFees: 1600n });
    expect(payment.anomalies).toEqual([]);
  });

  it('in a status that nobody mapped is not guessed at', () => {
    const body = event('charge.dispute.updated', dispute({ status: 'brand_new' }));
    expect(toFacts(signed(body), CONTEXT)).toMatchObject({
      kind: 'unreadable',
      error: expect.stringContaining('brand_new') as unknown,
    });
  });
});

describe('a review', () => {
  const review = { id: 'prv_1', object: 'review', open: true, closed_reason: null };
  const about = { charge: 'ch_1', payment_intent: 'pi_1' };

  it('holds the payment until it is closed, whichever is heard first', () => {
    const opened = told('review.opened', { ...review, ...about });
    expect(given(...opened).held).toBe(true);
    const ended = { ...review, ...about, open: false, closed_reason: 'approved' };
    expect(given(...told('review.closed', ended), ...opened).held).toBe(false);
  });
});

describe('a charge that fails after it succeeded', () => {
  const failed = charge({
    status: 'failed',
    failure_code: 'insufficient_funds',
    failure_balance_transaction: 'txn_9',
  });

  it('takes back what it had brought, also when the failure is heard first', () => {
    const late = told('charge.failed', failed);
    for (const facts of [
      [...paid(), ...late],
      [...late, ...paid()],
    ]) {
      const payment = fold(facts);
      expect(payment.amounts).toMatchObject({ authorized: 0n, captured: 0n });
      expect(payment.anomalies).toEqual([]);
    }
  });

  it('and is made good by another charge, which is a capture of its own', () => {
    const again = { latest_charge: 'ch_2' };
    const payment = given(
      ...told('charge.failed', failed),
      ...told('charge.succeeded', charge({ id: 'ch_2' })),
      ...told('payment_intent.succeeded', paymentIntent(again)),
    );
    expect(payment).toMatchObject({ label: 'captured', amounts: { captured: 1000n } });
    expect(payment.anomalies).toEqual([]);
  });
});
