import { signed } from '../signed.js';
import { event, PAYMENT, type Fields } from '../testing/stripe-events.js';
import { toFacts } from './to-facts.js';

const CONTEXT = { account: 'stripe-main', mode: 'test' } as const;
const PAYOUT = `par${'a'.repeat(26)}`;
const REVERSAL = `prv${'b'.repeat(26)}`;
const OURS = {
  paylog_payment: PAYMENT,
  paylog_operation_transfer: PAYOUT,
  paylog_participant: 'seller',
};

function transfer(over: Fields = {}): Fields {
  return {
    id: 'tr_1',
    object: 'transfer',
    amount: 7200,
    amount_reversed: 0,
    currency: 'eur',
    created: 1_772_366_400,
    destination: 'acct_1',
    metadata: OURS,
    reversals: { object: 'list', data: [], has_more: false, url: '/v1/transfers/tr_1/reversals' },
    reversed: false,
    source_transaction: 'ch_1',
    transfer_group: PAYMENT,
    ...over,
  };
}

const reversal = (over: Fields = {}): Fields => ({
  id: 'trr_1',
  object: 'transfer_reversal',
  amount: 720,
  currency: 'eur',
  created: 1_772_366_500,
  metadata: { paylog_payment: PAYMENT, paylog_operation_transfer_reversal: REVERSAL },
  transfer: 'tr_1',
  ...over,
});

const told = (type: string, object: Fields) => toFacts(signed(event(type, object)), CONTEXT);

describe('a transfer of Stripe', () => {
  it('is a participant’s payout, under our id', () => {
    expect(told('transfer.created', transfer())).toMatchObject({
      kind: 'facts',
      paymentId: PAYMENT,
      facts: [
        { type: 'alias', alias: 'tr_1', target: PAYOUT },
        {
          operation: PAYOUT,
          kind: 'participant_payout',
          outcome: 'succeeded',
          amount: { minor: 7200n, currency: 'EUR' },
          participant: 'seller',
          parent: 'ch_1',
        },
      ],
    });
  });

  it('tells each of its reversals as an operation of its own, by whomever', () => {
    const foreign = reversal({ id: 'trr_2', metadata: null, amount: 10 });
    const reversals = { ...(transfer()['reversals'] as Fields), data: [foreign, reversal()] };
    const mapped = told('transfer.reversed', transfer({ amount_reversed: 730, reversals }));
    expect(mapped.kind === 'facts' && mapped.facts.slice(2)).toMatchObject([
      { operation: 'trr_2', kind: 'participant_payout_reversal', amount: { minor: 10n } },
      { type: 'alias', alias: 'trr_1', target: REVERSAL },
      { operation: REVERSAL, amount: { minor: 720n }, parent: 'tr_1' },
    ]);
  });

  it('of somebody else is found by its charge; without one it is about no payment', () => {
    expect(told('transfer.created', transfer({ metadata: {} }))).toMatchObject({
      kind: 'unresolved',
      references: ['ch_1'],
    });
    const alone = transfer({ metadata: {}, source_transaction: null });
    expect(told('transfer.created', alone)).toMatchObject({ kind: 'ignored' });
  });

  it('that we can’t read is unreadable', () => {
    expect(told('transfer.created', transfer({ amount: '72' }))).toMatchObject({
      kind: 'unreadable',
    });
  });
});
