import type { Fact } from './fact.js';
import { fold } from './fold.js';
import {
  alias,
  authorization,
  capture,
  dispute,
  disputeFee,
  eur,
  refund,
  reinstatement,
  terms,
  usd,
  withdrawal,
} from './testing/facts.js';

const paid = [
  terms(100),
  authorization('aut1', 'succeeded', 100),
  alias('ch_1', 'aut1'),
  capture('cap1', 'succeeded', 100),
];
const given = (...facts: readonly Fact[]) => fold([...paid, ...facts]);
const kinds = (...facts: readonly Fact[]) => given(...facts).anomalies.map(({ kind }) => kind);
const out = (minor: number) => withdrawal('dp/out', 'succeeded', minor, { parent: 'dp' });
const back = (minor: number) => reinstatement('dp/back', 'succeeded', minor, { parent: 'dp' });

describe('a dispute', () => {
  it('is told with its amount, its money, until when to respond, and what it is about', () => {
    const { disputes, disputeStatus, amounts } = given(
      dispute('dp', 'chargeback', 'opened', 100, {
        reason: 'fraudulent',
        respondBy: '2026-02-01T00:00:00Z',
        parent: 'ch_1',
      }),
      out(100),
      disputeFee('dp/fee', 'succeeded', 15, { parent: 'dp' }),
    );
    expect(disputes).toEqual([
      {
        id: 'dp',
        stage: 'chargeback',
        outcome: 'opened',
        amount: eur(100),
        reason: 'fraudulent',
        respondBy: '2026-02-01T00:00:00Z',
        parent: 'aut1',
        withdrawn: 100n,
        reinstated: 0n,
        fee: 15n,
      },
    ]);
    expect(disputeStatus).toEqual({ stage: 'chargeback', outcome: 'opened' });
    expect(amounts).toMatchObject({ captured: 100n, disputed: 100n, disputeFees: 15n });
  });

  it('stands as its highest stage says, whatever was decided below', () => {
    const won = dispute('dp', 'chargeback', 'won');
    expect(given(won).disputeStatus).toEqual({ stage: 'chargeback', outcome: 'won' });
    expect(given(dispute('dp', 'pre_arbitration', 'opened'), won).disputeStatus).toEqual({
      stage: 'pre_arbitration',
      outcome: 'opened',
    });
    const lostBelow = dispute('dp', 'chargeback', 'lost');
    expect(given(dispute('dp', 'appeal', 'won'), lostBelow).disputes[0]?.outcome).toBe('won');
  });

  it('that is both won and lost at one stage is undecided, and flagged', () => {
    const payment = given(
      dispute('dp', 'chargeback', 'won'),
      dispute('dp', 'chargeback', 'lost'),
      out(100),
    );
    expect(payment.disputes[0]?.outcome).toBe('contradicted');
    expect(payment.anomalies).toEqual([{ kind: 'contradicted', about: ['dp'] }]);
    expect(payment).toMatchObject({ final: false, amounts: { disputed: 100n, chargedBack: 0n } });
  });

  it('that was prevented keeps what it took', () => {
    const { amounts } = given(dispute('dp', 'chargeback', 'prevented'), out(100));
    expect(amounts).toMatchObject({ disputed: 0n, chargedBack: 100n });
  });

  it('whose money comes before its case is a case without a stage', () => {
    const payment = given(out(100));
    expect(payment.disputes).toEqual([{ id: 'dp', withdrawn: 100n, reinstated: 0n, fee: 0n }]);
    expect(payment.disputeStatus).toBeUndefined();
    expect(payment.final).toBe(false);
  });

  it('never gives back more than it took, and is flagged where it seems to', () => {
    const payment = given(out(40), back(60), dispute('dp', 'chargeback', 'won'));
    expect(payment.amounts.disputed).toBe(0n);
    expect(payment.anomalies).toEqual([{ kind: 'reinstated_more_than_withdrawn', about: ['dp'] }]);
  });

  it('in another currency has a bucket of its own; its fee may be charged in any', () => {
    const payment = given(
      dispute('dp', 'chargeback', 'lost'),
      withdrawal('dp/out', 'succeeded', usd(110), { parent: 'dp' }),
    );
    expect(payment.amounts.chargedBack).toBe(0n);
    expect(payment.otherCurrencies['USD']).toMatchObject({ chargedBack: 110n, disputed: 0n });
    expect(payment.anomalies).toEqual([{ kind: 'other_currency', about: ['USD'] }]);
    expect(kinds(disputeFee('dp/fee', 'succeeded', usd(15), { parent: 'dp' }))).toEqual([]);
  });
});

describe('several disputes', () => {
  it('add up, and the one that needs somebody most tells how the payment stands', () => {
    const payment = given(
      dispute('dp', 'chargeback', 'lost', 30),
      withdrawal('dp/out', 'succeeded', 30, { parent: 'dp' }),
      dispute('dq', 'inquiry', 'opened', 20),
      dispute('dr', 'chargeback', 'won', 10),
    );
    expect(payment.amounts).toMatchObject({ chargedBack: 30n, disputed: 0n });
    expect(payment.disputeStatus).toEqual({ stage: 'inquiry', outcome: 'opened' });
  });
});

describe('money that could go back twice', () => {
  it('is flagged as soon as a refunded payment is disputed, money taken or not', () => {
    const refunded = refund('re', 'succeeded', 100);
    expect(kinds(refunded, dispute('dp', 'inquiry', 'opened', 100))).toEqual([
      'refunded_and_disputed',
    ]);
    expect(kinds(refunded, out(100))).toEqual(['refunded_and_disputed']);
    expect(kinds(refunded, dispute('dp', 'chargeback', 'won', 100), out(100), back(100))).toEqual(
      [],
    );
  });

  it('is not, where refund and dispute fit in what was captured', () => {
    expect(
      kinds(refund('re', 'succeeded', 40), dispute('dp', 'chargeback', 'opened', 60), out(60)),
    ).toEqual([]);
  });
});
