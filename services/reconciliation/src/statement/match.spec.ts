import type { SettlementLine } from '@paylog/gateways';
import { MemoryLedger } from '../testing/memory-ledger.js';
import {
  captureIdOf,
  changesOf,
  chargeOf,
  refunded,
  refundIdOf,
  sold,
} from '../testing/payments.js';
import { captureLine, numbered, refundLine } from '../testing/reports.js';
import { type Candidate, match } from './match.js';

function ours(...facts: Parameters<typeof changesOf>[1][]): Candidate[] {
  const ledger = new MemoryLedger();
  facts.forEach((each, i) => ledger.post(changesOf(`o${i + 1}`, each)));
  return ledger.candidates();
}

function matched(lines: readonly SettlementLine[], candidates: readonly Candidate[]) {
  const { claims, repeated } = match(lines, candidates);
  return {
    claims: Object.fromEntries([...claims].map(([number, { operation }]) => [number, operation])),
    repeated: [...repeated],
  };
}

const o1 = sold({ order: 'o1', minor: 1_000 });
const o2 = sold({ order: 'o2', minor: 1_000 });

describe('leg A', () => {
  it('matches a capture by its charge and a refund by its own id', () => {
    const candidates = ours([...o1, ...refunded({ order: 'o1' }, 1, 300, 'succeeded')], o2);
    const lines = numbered([
      refundLine('o1', 1, 300),
      captureLine('o2', 1_000),
      captureLine('o1', 1_000),
    ]);
    expect(matched(lines, candidates)).toEqual({
      claims: { 1: refundIdOf('o1', 1), 2: captureIdOf('o2'), 3: captureIdOf('o1') },
      repeated: [],
    });
  });

  it('never matches by amount alone', () => {
    const stranger = captureLine('o9', 1_000);
    expect(matched(numbered([stranger]), ours(o1, o2))).toEqual({ claims: {}, repeated: [] });
  });

  it('gives the second line of one charge nothing', () => {
    const lines = numbered([captureLine('o1', 1_000), captureLine('o1', 1_000)]);
    expect(matched(lines, ours(o1, o2))).toEqual({
      claims: { 1: captureIdOf('o1') },
      repeated: [2],
    });
  });

  it('gives a line nothing that an earlier statement has claimed', () => {
    const candidates = ours(o1).map((candidate) => ({ ...candidate, claimed: true }));
    expect(matched(numbered([captureLine('o1', 1_000)]), candidates)).toEqual({
      claims: {},
      repeated: [1],
    });
  });

  it('falls back to our payment id, and to the container', () => {
    const unknownCharge = { gatewayObject: 'py_9', authorizationId: 'py_9' };
    const { containerId: _c, ...byPayment } = captureLine('o1', 1_000, unknownCharge);
    const { paymentId: _p, ...byContainer } = captureLine('o2', 1_000, unknownCharge);
    expect(matched(numbered([byPayment, byContainer]), ours(o1, o2)).claims).toEqual({
      1: captureIdOf('o1'),
      2: captureIdOf('o2'),
    });
  });

  it('falls back to our refund id', () => {
    const candidates = ours([...o1, ...refunded({ order: 'o1' }, 1, 300, 'succeeded')]);
    const line = refundLine('o1', 1, 300, { gatewayObject: 're_other' });
    expect(matched(numbered([line]), candidates).claims).toEqual({ 1: refundIdOf('o1', 1) });
  });

  it('lets a reference take nothing that a later line names by its ids', () => {
    const stranger = captureLine('o9', 1_000, { paymentId: captureLine('o1', 0).paymentId! });
    expect(matched(numbered([stranger, captureLine('o1', 1_000)]), ours(o1))).toEqual({
      claims: { 2: captureIdOf('o1') },
      repeated: [],
    });
  });

  it('prefers the right amount among captures of one charge', () => {
    const [capture] = ours(o1) as [Candidate];
    const candidates = [600, 400].map((minor, i) => ({
      ...capture,
      operation: `cap${i}`,
      amount: { minor: BigInt(minor), currency: 'EUR' },
      ids: [chargeOf('o1')],
      names: [chargeOf('o1')],
    }));
    const lines = numbered([captureLine('o1', 400), captureLine('o1', 600)]);
    expect(matched(lines, candidates).claims).toEqual({ 1: 'cap1', 2: 'cap0' });
    const altered = numbered([captureLine('o1', 401), captureLine('o1', 600)]);
    expect(matched(altered, candidates).claims).toEqual({ 1: 'cap1', 2: 'cap0' });
  });

  it('keeps a refund and its reversal apart', () => {
    const candidates = ours([...o1, ...refunded({ order: 'o1' }, 1, 300, 'succeeded', 'reversed')]);
    const reversal = refundLine('o1', 1, -300, { kind: 'refund_reversal' });
    const { claims } = match(numbered([refundLine('o1', 1, 300), reversal]), candidates);
    expect([...claims.values()].map(({ kind }) => kind)).toEqual(['refund', 'refund_reversal']);
  });
});
