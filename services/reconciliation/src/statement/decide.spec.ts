import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import {
  canonicalJson,
  encode,
  RECONCILIATION_EXCEPTIONS,
  RECONCILIATION_RESULTS,
} from '@paylog/contracts';
import type { LineProblem } from '@paylog/gateways';
import { MemoryLedger, sumsOf, unbalanced } from '../testing/memory-ledger.js';
import {
  changesOf,
  disputed,
  factOf,
  idOf,
  money,
  passedOn,
  refunded,
  sold,
} from '../testing/payments.js';
import {
  captureLine,
  CUT_OFF,
  disputeLine,
  feeOn,
  numbered,
  refundLine,
  statementOf,
  TERMS,
  transferLine,
} from '../testing/reports.js';
import { type Decision, decide, type Evidence } from './decide.js';
import { createSigner } from './signature.js';

const { privateKey } = generateKeyPairSync('ed25519');
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const sign = createSigner(pem);

type Facts = Parameters<typeof changesOf>[1];

/** Orders o1, o2, … with these facts, and a report with these lines. */
function close(
  payments: readonly Facts[],
  lines: Parameters<typeof numbered>[0],
  over: Partial<Evidence> = {},
) {
  const ledger = new MemoryLedger();
  payments.forEach((facts, i) => ledger.post(changesOf(`o${i + 1}`, facts)));
  const candidates = ledger.candidates();
  const evidence: Evidence = {
    statement: statementOf(lines),
    fileSha256: 'ab'.repeat(32),
    lines: numbered(lines),
    problems: [],
    candidates,
    due: candidates.filter(({ standing }) => standing === 'due'),
    terms: TERMS,
    at: '2026-03-03T00:00:00.000Z',
    ...over,
  };
  const decision = decide(evidence, sign);
  const entries = closed(decision)?.entries.flatMap((keyed) => keyed.entries) ?? [];
  return { decision, entries, sums: sumsOf([...ledger.entries, ...entries]) };
}

const closed = (decision: Decision) => (decision.outcome === 'closed' ? decision : undefined);
const exceptionsOf = ({ exceptions }: Decision) =>
  exceptions.map(({ data }) => [data.class, data.gatewayObject]);

const o1 = sold({ order: 'o1', minor: 1_000 });
const o2 = sold({ order: 'o2', minor: 5_000 });

describe('a statement in which everything agrees', () => {
  const lines = [captureLine('o1', 1_000), captureLine('o2', 5_000), refundLine('o2', 1, 700)];
  const payments = [o1, [...o2, ...refunded({ order: 'o2' }, 1, 700, 'succeeded')]];

  it('closes with counts, sums and a signature', () => {
    const { decision } = close(payments, lines);
    expect(decision).toMatchObject({ outcome: 'closed', exceptions: [], unsure: false });
    const { signature, ...signed } = closed(decision)!.summary;
    expect(signed).toMatchObject({
      lines: 3,
      matched: 3,
      exceptions: 0,
      gross: '5300',
      fee: String(feeOn(1_000) + feeOn(5_000)),
      payout: signed.net,
    });
    const bytes = Buffer.from(canonicalJson(signed));
    const key = createPublicKey(pem);
    expect(verify(null, bytes, key, Buffer.from(signature, 'base64'))).toBe(true);
    expect(() =>
      encode(RECONCILIATION_RESULTS, 'StatementClosed', closed(decision)!.summary),
    ).not.toThrow();
  });

  it('leaves the gateway owing nothing', () => {
    const { sums, entries } = close(payments, lines);
    const fees = BigInt(feeOn(1_000) + feeOn(5_000));
    expect(sums).toEqual({
      'EUR gateway_fee:stripe-main': fees,
      'EUR payable:shop': -5_300n,
      'EUR payout_in_transit:stripe-main': 5_300n - fees,
    });
    expect(unbalanced(entries)).toEqual([]);
  });

  it('is the same decision again', () => {
    expect(close(payments, lines).decision).toEqual(close(payments, lines).decision);
  });
});

describe('exceptions', () => {
  it('amount_mismatch: same charge, another amount', () => {
    const fee = feeOn(1_000);
    const altered = { gross: money(1_100), customerFacing: money(1_100), net: money(1_100 - fee) };
    const { decision, sums } = close([o1], [captureLine('o1', 1_000, altered)]);
    expect(exceptionsOf(decision)).toEqual([['amount_mismatch', 'ch_o1']]);
    expect(decision.exceptions[0]?.data).toMatchObject({
      paymentId: idOf('o1'),
      lineNumber: 1,
      expected: { minor: '1000', currency: 'EUR' },
      found: { minor: '1100', currency: 'EUR' },
      owner: 'finance',
    });
    expect(sums['EUR suspense:stripe-main']).toBe(-100n);
    expect(sums['EUR receivable:stripe-main']).toBeUndefined();
  });

  it('amount_mismatch: only the settled side differs', () => {
    const altered = { gross: money(900), net: money(900 - feeOn(1_000)) };
    const { decision, sums } = close([o1], [captureLine('o1', 1_000, altered)]);
    expect(exceptionsOf(decision)).toEqual([['amount_mismatch', 'ch_o1']]);
    expect(sums['EUR suspense:stripe-main']).toBe(100n);
  });

  it('fee_variance: the agreed fee is booked, the rest is in suspense, and nothing waits for our side', () => {
    const fee = feeOn(1_000) + 17;
    const altered = { fee: money(fee), net: money(1_000 - fee) };
    const { decision, sums } = close([o1], [captureLine('o1', 1_000, altered)]);
    expect(exceptionsOf(decision)).toEqual([['fee_variance', 'ch_o1']]);
    expect(decision).toMatchObject({ unsure: false });
    expect(sums['EUR gateway_fee:stripe-main']).toBe(BigInt(feeOn(1_000)));
    expect(sums['EUR suspense:stripe-main']).toBe(17n);
  });

  it('takes fees as they come where no terms are agreed', () => {
    const line = captureLine('o1', 1_000, { fee: money(1), net: money(999) });
    expect(exceptionsOf(close([o1], [line], { terms: {} }).decision)).toEqual([]);
  });

  it('missing_at_psp: ours is due and in no report; the gateway goes on owing it', () => {
    const { decision, sums } = close([o1, o2], [captureLine('o2', 5_000)]);
    expect(exceptionsOf(decision)).toEqual([['missing_at_psp', 'ch_o1']]);
    expect(decision).toMatchObject({ unsure: true });
    expect(sums['EUR receivable:stripe-main']).toBe(1_000n);
  });

  it('missing_at_psp has one id, in whichever statement it is missed', () => {
    const ids = ['po_1', 'po_2'].map((name) => {
      const statement = statementOf([], name);
      return close([o1], [], { statement }).decision.exceptions[0]?.data.exceptionId;
    });
    expect(ids[0]).toBe(ids[1]);
  });

  it('missing_internal: nobody knows this charge', () => {
    const { paymentId: _p, ...stranger } = captureLine('o9', 4_242);
    const { decision, sums } = close([o1], [captureLine('o1', 1_000), stranger]);
    expect(exceptionsOf(decision)).toEqual([['missing_internal', 'ch_o9']]);
    expect(sums['EUR suspense:stripe-main']).toBe(-4_242n);
    expect(sums['EUR receivable:stripe-main']).toBeUndefined();
  });

  it('duplicate_external: the line again, word for word', () => {
    const line = captureLine('o1', 1_000);
    const { decision, sums } = close([o1], [line, line]);
    expect(exceptionsOf(decision)).toEqual([['duplicate_external', 'ch_o1']]);
    expect(decision.exceptions[0]?.data.lineNumber).toBe(2);
    expect(sums['EUR suspense:stripe-main']).toBe(-1_000n);
  });

  it('currency_mismatch: each currency keeps its own difference', () => {
    const usd = (minor: number) => money(minor, 'USD');
    const line = captureLine('o1', 1_000, { customerFacing: usd(1_000) });
    const { decision, entries, sums } = close([o1], [line]);
    expect(exceptionsOf(decision)).toEqual([['currency_mismatch', 'ch_o1']]);
    expect(unbalanced(entries)).toEqual([]);
    expect(sums['EUR receivable:stripe-main']).toBeUndefined();
  });

  it('status_mismatch: money for a refund that was refused', () => {
    const payment = [...o1, ...refunded({ order: 'o1' }, 1, 300, 'refused')];
    const lines = [captureLine('o1', 1_000), refundLine('o1', 1, 300)];
    const { decision, sums } = close([payment], lines);
    expect(exceptionsOf(decision)).toEqual([['status_mismatch', 're_o1_1']]);
    expect(sums['EUR suspense:stripe-main']).toBe(300n);
  });

  it.each([
    ['adjustment', 'suspense'],
    ['dispute_withdrawal', 'dispute_held'],
  ] as const)('a line of kind %s has nothing of ours to match; it goes to %s', (kind, account) => {
    const line = refundLine('o9', 1, 300, { kind, fee: money(15), net: money(-315) });
    const { decision, sums } = close([o1], [captureLine('o1', 1_000), line]);
    expect(exceptionsOf(decision)).toEqual([['missing_internal', 're_o9_1']]);
    expect(sums[`EUR ${account}:stripe-main`]).toBe(300n);
  });

  it('are messages that the contract accepts', () => {
    const { decision } = close([o1, o2], [captureLine('o1', 1_100), captureLine('o9', 1)]);
    expect(decision.exceptions).toHaveLength(3);
    for (const { data } of decision.exceptions) {
      expect(() => encode(RECONCILIATION_EXCEPTIONS, 'ExceptionOpened', data)).not.toThrow();
    }
  });
});

describe('lines that are no exceptions', () => {
  it('what is passed on to participants and taken back, by the transfer and its reversal', () => {
    const payment = [...o1, ...passedOn({ order: 'o1' }, 'seller', 800, 300)];
    const out = transferLine('o1', 'seller', 800);
    const back = transferLine('o1', 'seller', 300, 'participant_payout_reversal');
    const { decision, sums } = close([payment], [captureLine('o1', 1_000), out, back]);
    expect(exceptionsOf(decision)).toEqual([]);
    expect(sums['EUR receivable:stripe-main']).toBeUndefined();
    expect(sums['EUR suspense:stripe-main']).toBeUndefined();
    const late = close([o1], [captureLine('o1', 1_000), out]);
    expect(exceptionsOf(late.decision)).toEqual([['missing_internal', 'tr_o1_seller']]);
    expect(late.sums['EUR suspense:stripe-main']).toBe(800n);
  });

  it('the money of a dispute, by its own transaction or its case, with the fee the line names', () => {
    const payment = [...o1, ...disputed({ order: 'o1' }, 1_000, 'opened', 'won')];
    const out = disputeLine('o1', 1_000, 'dispute_withdrawal');
    const back = disputeLine('o1', 1_000, 'dispute_reinstatement', {
      balanceTransaction: 'txn_of_the_report_only',
    });
    const { decision, sums } = close([payment], [captureLine('o1', 1_000), out, back]);
    expect(exceptionsOf(decision)).toEqual([]);
    expect(sums['EUR dispute_fee:stripe-main']).toBe(1_500n);
    expect(sums['EUR dispute_held:stripe-main']).toBeUndefined();
    expect(sums['EUR suspense:stripe-main']).toBeUndefined();
    expect(sums['EUR receivable:stripe-main']).toBeUndefined();
  });

  it('a capture that failed later, and what takes it back', () => {
    const failed = factOf('o1')('capture', 'ch_o1/capture', 'reversed', money(1_000));
    const takenBack = captureLine('o1', -1_000, {
      ...{ kind: 'capture_reversal', category: 'charge_failure', balanceTransaction: 'txn_f' },
      ...{ gatewayObject: 'pyr_1', fee: money(0), net: money(-1_000) },
    });
    const { decision, sums } = close([[...o1, failed]], [captureLine('o1', 1_000), takenBack]);
    expect(exceptionsOf(decision)).toEqual([]);
    expect(sums['EUR suspense:stripe-main']).toBeUndefined();
  });

  it('a refund that is still pending with us, and one that failed', () => {
    const payment = [
      ...o1,
      ...refunded({ order: 'o1' }, 1, 300, 'pending'),
      ...refunded({ order: 'o1' }, 2, 200, 'succeeded', 'reversed'),
    ];
    const { decision } = close(
      [payment],
      [
        captureLine('o1', 1_000),
        refundLine('o1', 1, 300),
        refundLine('o1', 2, 200),
        refundLine('o1', 2, -200, { kind: 'refund_reversal' }),
      ],
    );
    expect(exceptionsOf(decision)).toEqual([]);
  });

  it('a fee of its own', () => {
    const fee = refundLine('o9', 1, 250, { kind: 'fee', gatewayObject: 'fee_1' });
    const { decision, sums } = close([o1], [captureLine('o1', 1_000), fee]);
    expect(closed(decision)?.summary).toMatchObject({ lines: 2, matched: 2 });
    expect(sums['EUR gateway_fee:stripe-main']).toBe(BigInt(feeOn(1_000) + 250));
  });

  it("the payout's own row", () => {
    const lines = [captureLine('o1', 1_000)];
    const { payout } = statementOf(lines);
    const net = money(-payout.minor);
    const own = captureLine('o1', 0, { kind: 'payout', gross: net, fee: money(0), net });
    const { decision, sums } = close([o1], lines, { lines: numbered([...lines, own]) });
    expect(closed(decision)?.summary).toMatchObject({ lines: 1, matched: 1 });
    expect(sums['EUR receivable:stripe-main']).toBeUndefined();
  });

  it('a capture that is settled in another currency: both sides are booked', () => {
    const usd = sold({ order: 'o1', minor: 1_000, currency: 'USD' });
    const line = captureLine('o1', 900, { customerFacing: money(1_000, 'USD') });
    const { decision, sums } = close([usd], [line]);
    expect(exceptionsOf(decision)).toEqual([]);
    expect(sums).toMatchObject({
      'EUR fx_clearing:stripe-main': -900n,
      'USD fx_clearing:stripe-main': 1_000n,
    });
    expect(sums['USD receivable:stripe-main']).toBeUndefined();
    expect(sums['EUR receivable:stripe-main']).toBeUndefined();
  });
});

describe('a statement that may not close', () => {
  const problem: LineProblem = {
    result: 'problem',
    number: 2,
    statement: 'po_1',
    reason: 'unknown_category',
    column: 'reporting_category',
    found: 'risk_reserved_funds',
  };

  it('unknown_type: a row that is not mapped', () => {
    const { decision } = close([o1], [captureLine('o1', 1_000)], { problems: [problem] });
    expect(decision.outcome).toBe('stopped');
    expect(exceptionsOf(decision)).toEqual([['unknown_type', 'po_1']]);
    const data = decision.exceptions.map((exception) => exception.data);
    expect(data).toMatchObject([{ found: 'risk_reserved_funds', lineNumber: 2 }]);
    for (const each of data) {
      expect(() => encode(RECONCILIATION_EXCEPTIONS, 'ExceptionOpened', each)).not.toThrow();
    }
  });

  it('control_total_break: the lines are not the payout', () => {
    const statement = { ...statementOf([captureLine('o1', 1_000)]), payout: money(1) };
    const { decision } = close([o1], [captureLine('o1', 1_000)], { statement });
    expect(decision.outcome).toBe('stopped');
    expect(exceptionsOf(decision)).toEqual([['control_total_break', 'po_1']]);
  });
});

describe('an earlier exception that this statement explains', () => {
  it('is named', () => {
    const ledger = new MemoryLedger();
    ledger.post(changesOf('o1', o1));
    const candidates = ledger.candidates().map((each) => ({ ...each, missedAs: 'exc1' }));
    const { decision } = close([], [captureLine('o1', 1_000)], { candidates, due: [] });
    expect(closed(decision)?.found).toEqual(['exc1']);
  });
});

it('value dates come from the events, whenever it is booked', () => {
  const late = { at: '2026-03-03T00:00:01.000Z' };
  const { entries } = close([o1], [captureLine('o1', 1_000)], late);
  expect(new Set(entries.map(({ bookedOn }) => bookedOn))).toEqual(new Set(['2026-03-03']));
  expect(entries.map(({ valueDate }) => valueDate)).toEqual(['2026-03-01', CUT_OFF.slice(0, 10)]);
  expect(factOf('o1')('capture', 'x', 'succeeded', money(1)).at.slice(0, 10)).toBe('2026-03-01');
});
