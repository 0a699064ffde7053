import fc from 'fast-check';
import { fold } from './fold.js';
import { netOf, sharesOf, type Share, type Splits, splitsFlaw } from './splits.js';
import { factsTwoWays } from './testing/arbitrary-facts.js';
import { capture, participantPayout, refund, terms } from './testing/facts.js';

const RUNS = { numRuns: 1000 };
const COLUMNS = ['captured', 'refunded', 'chargedBack', 'disputed'] as const;

const size = fc.oneof(
  fc.record({ minor: fc.bigInt({ min: 1n, max: 400n }) }),
  fc.record({ basisPoints: fc.integer({ min: 1, max: 6_000 }) }),
);
/** What was agreed on, and what happened to it: captures and refunds one by one. */
const aSale = fc
  .record({
    agreed: fc.integer({ min: 1, max: 1_500 }),
    participants: fc.array(size, { minLength: 1, maxLength: 5 }),
    platformFee: fc.option(size, { nil: undefined }),
    rule: fc.constantFrom('proportional', 'platform_first', 'participant_first'),
    captured: fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 4 }),
    refunded: fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 4 }),
  })
  .map(({ participants, platformFee, rule, ...sale }) => {
    const splits = {
      participants: participants.map((each, i) => ({ participant: `p${i}`, ...each })),
      ...(platformFee && { platformFee }),
      refunds: rule === 'participant_first' ? { rule, participant: 'p0' } : { rule },
    } as Splits;
    return { ...sale, splits };
  })
  .filter(({ splits, agreed }) => splitsFlaw(splits, BigInt(agreed)) === undefined);

const sum = (shares: readonly Share[], column: (typeof COLUMNS)[number] | 'paidOut') =>
  shares.reduce((total, share) => total + share[column], 0n);

describe('the shares of a payment', () => {
  it('add up to its amounts whatever the facts, in whatever order they came', () => {
    fc.assert(
      fc.property(factsTwoWays, ({ facts, shuffled }) => {
        const payment = fold(facts);
        for (const currency of [payment.currency, ...Object.keys(payment.otherCurrencies)]) {
          const shares = sharesOf(payment, currency);
          const amounts =
            currency === payment.currency
              ? payment.amounts
              : payment.otherCurrencies[currency ?? ''];
          for (const column of COLUMNS) expect(sum(shares, column)).toBe(amounts?.[column]);
          expect(sharesOf(fold(shuffled), currency)).toEqual(shares);
        }
      }),
      RUNS,
    );
  });

  it('add up at every step, and what is posted step by step is what one step would post', () => {
    fc.assert(
      fc.property(aSale, ({ agreed, splits, captured, refunded }) => {
        const steps = [
          ...captured.map((minor, i) => capture(`cap${i}`, 'succeeded', minor)),
          ...refunded.map((minor, i) => refund(`ref${i}`, 'succeeded', minor)),
        ];
        const posted = new Map<string, bigint>();
        let before = sharesOf(fold([terms(agreed, { splits })]));
        for (let n = 1; n <= steps.length; n += 1) {
          const payment = fold([terms(agreed, { splits }), ...steps.slice(0, n)]);
          const shares = sharesOf(payment);
          expect(sum(shares, 'captured')).toBe(payment.amounts.captured);
          expect(sum(shares, 'refunded')).toBe(payment.amounts.refunded);
          shares.forEach((share, i) => {
            const name = share.participant ?? share.by;
            const change = netOf(share) - netOf(before[i]!);
            posted.set(name, (posted.get(name) ?? 0n) + change);
          });
          before = shares;
        }
        const total = (minors: readonly number[]) => minors.reduce((a, b) => a + b, 0);
        const back = total(refunded);
        const atOnce = sharesOf(
          fold([
            terms(agreed, { splits }),
            capture('cap', 'succeeded', total(captured)),
            ...(back > 0 ? [refund('ref', 'succeeded', back)] : []),
          ]),
        );
        for (const share of atOnce) {
          expect(posted.get(share.participant ?? share.by)).toBe(netOf(share));
        }
      }),
      RUNS,
    );
  });

  it('are each within a unit of what was agreed, and whole at the whole amount', () => {
    fc.assert(
      fc.property(aSale, fc.nat(), ({ agreed, splits }, n) => {
        const captured = 1 + (n % agreed);
        const at = (minor: number) =>
          sharesOf(fold([terms(agreed, { splits }), capture('cap', 'succeeded', minor)]));
        const [part, whole] = [at(captured), at(agreed)];
        for (const [i, { minor }] of splits.participants.entries()) {
          if (minor === undefined) continue;
          expect(whole[i]?.captured).toBe(minor);
          const off = Number(part[i]?.captured) - (Number(minor) * captured) / agreed;
          expect(Math.abs(off)).toBeLessThan(1);
        }
        for (const share of part) expect(share.captured).toBeGreaterThanOrEqual(0n);
      }),
      RUNS,
    );
  });

  it('never give back more than they have, and have nothing left when all went back', () => {
    fc.assert(
      fc.property(aSale, ({ agreed, splits, captured, refunded }) => {
        const taken = captured.reduce((a, b) => a + b, 0);
        const facts = [
          terms(agreed, { splits }),
          ...captured.map((minor, i) => capture(`cap${i}`, 'succeeded', minor)),
        ];
        const back = Math.min(
          taken,
          refunded.reduce((a, b) => a + b, 0),
        );
        const given = (minor: number) =>
          sharesOf(fold([...facts, ...(minor > 0 ? [refund('ref', 'succeeded', minor)] : [])]));
        for (const share of given(back)) expect(netOf(share)).toBeGreaterThanOrEqual(0n);
        for (const share of given(taken)) expect(netOf(share)).toBe(0n);
      }),
      RUNS,
    );
  });

  it('are the same whoever was paid already', () => {
    fc.assert(
      fc.property(aSale, fc.integer({ min: 1, max: 900 }), ({ agreed, splits, captured }, paid) => {
        const facts = [
          terms(agreed, { splits }),
          ...captured.map((minor, i) => capture(`cap${i}`, 'succeeded', minor)),
        ];
        const payout = participantPayout('par1', 'succeeded', paid, { participant: 'p0' });
        const unpaid = sharesOf(fold(facts));
        const after = sharesOf(fold([...facts, payout]));
        expect(after.map(netOf)).toEqual(unpaid.map(netOf));
        expect(sum(after, 'paidOut')).toBe(BigInt(paid));
      }),
      RUNS,
    );
  });
});
