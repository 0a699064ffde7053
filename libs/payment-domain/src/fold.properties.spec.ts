import fc from 'fast-check';
import { add, addAll, empty, merge } from './fact-set.js';
import { KINDS, OUTCOMES, type Fact } from './fact.js';
import { fold, leftToCapture, paymentOf } from './fold.js';
import { counted } from './operations.js';
import { ANOMALIES, LABELS, type Payment } from './payment.js';
import { aStory, anyFacts, factsTwoWays } from './testing/arbitrary-facts.js';
import { retraction } from './testing/facts.js';
import { transitions } from './transitions.js';

const RUNS = { numRuns: 1000 };

describe('any order and any repetition', () => {
  it('ends in the same state', () => {
    fc.assert(
      fc.property(factsTwoWays, ({ facts, shuffled }) => {
        expect(fold(shuffled)).toEqual(fold(facts));
      }),
      RUNS,
    );
  });

  it('ends in the same state one by one, at any split, and merged from either side', () => {
    fc.assert(
      fc.property(factsTwoWays, fc.nat(), ({ facts, shuffled }, n) => {
        const whole = fold(facts);
        const cut = n % (shuffled.length + 1);
        const left = addAll(empty(), shuffled.slice(0, cut));
        const right = addAll(empty(), shuffled.slice(cut));
        expect(paymentOf(addAll(left, shuffled.slice(cut)))).toEqual(whole);
        expect(paymentOf(merge(left, right))).toEqual(whole);
        expect(paymentOf(merge(right, left))).toEqual(whole);
        expect(paymentOf(shuffled.reduce(add, empty()))).toEqual(whole);
      }),
      RUNS,
    );
  });

  it('adds up by transitions to the final amounts', () => {
    fc.assert(
      fc.property(factsTwoWays, ({ shuffled }) => {
        const sums = new Map<string, bigint>();
        let set = empty();
        let before = paymentOf(set);
        for (const fact of shuffled) {
          set = add(set, fact);
          const after = paymentOf(set);
          for (const { kind, currency, delta } of transitions(before, after)) {
            const key = `${kind} ${currency}`;
            sums.set(key, (sums.get(key) ?? 0n) + delta);
          }
          before = after;
        }
        expect(nonZero(sums)).toEqual(nonZero(amountsByKind(before)));
      }),
      RUNS,
    );
  });
});

describe('money', () => {
  it('is neither made nor lost', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const payment = fold(facts);
        const { authorized, captured, voided } = payment.amounts;
        for (const amount of [...Object.values(payment.amounts), leftToCapture(payment)]) {
          expect(amount).toBeGreaterThanOrEqual(0n);
        }
        const drawn = captured < authorized ? captured : authorized;
        expect(drawn + voided + leftToCapture(payment)).toBe(authorized);
        const { currency } = payment;
        const ever = payment.operations.filter(
          (o) =>
            o.kind === 'capture' &&
            o.amount?.currency === currency &&
            (o.status === 'succeeded' || o.status === 'reversed'),
        );
        const sum = (of: typeof ever) => of.reduce((all, o) => all + (o.amount?.minor ?? 0n), 0n);
        const known = sum(ever.filter((o) => o.id !== 'foreign'));
        const told = standingTotals(facts)
          .filter(({ value }) => value.currency === currency)
          .map(({ value }) => value.minor);
        const gross = [known, ...told].reduce((a, b) => (a > b ? a : b), 0n);
        expect(captured).toBe(gross - sum(ever.filter((o) => o.status === 'reversed')));
      }),
      RUNS,
    );
  });

  it('that the shopper gets is no more than was taken, unless that is flagged', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const { amounts, anomalies, disputes } = fold(facts);
        const { captured, refunded, disputed, chargedBack } = amounts;
        const flagged = ['refunded_more_than_captured', 'refunded_and_disputed'];
        const back = refunded + disputed + chargedBack;
        if (refunded === 0n || anomalies.some(({ kind }) => flagged.includes(kind))) return;
        expect(back).toBeLessThanOrEqual(captured);
        const net = disputes.reduce((sum, { withdrawn, reinstated }) => {
          return withdrawn > reinstated ? sum + withdrawn - reinstated : sum;
        }, 0n);
        expect(disputed + chargedBack).toBe(net);
      }),
      RUNS,
    );
  });

  it('is counted once, however often and under whatever ids it is told', () => {
    fc.assert(
      fc.property(
        aStory.chain((story) =>
          fc.record({
            story: fc.constant(story),
            told: fc.shuffledSubarray([...story.facts], { minLength: story.facts.length }),
          }),
        ),
        ({ story, told }) => {
          const payment = fold(told);
          const { facts: _told, ...amounts } = story;
          expect(payment.amounts).toEqual(amounts);
          expect(payment.unresolved).toEqual([]);
        },
      ),
      RUNS,
    );
  });

  it('goes when what told it is retracted', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const all = facts.filter(({ type }) => type !== 'retraction');
        const payment = fold([...all.map((fact) => retraction(fact)), ...facts]);
        expect(payment).toEqual(fold([]));
      }),
    );
  });

  it('is as if a retracted fact had never been said', () => {
    fc.assert(
      fc.property(anyFacts, fc.nat(), (facts, n) => {
        const unique = [...addAll(empty(), facts).byId.values()];
        const target = unique[n % (unique.length + 1)];
        fc.pre(target !== undefined && target.type !== 'retraction');
        const without = unique.filter((fact) => fact !== target);
        expect(fold([retraction(target!), ...unique])).toEqual(fold(without));
      }),
      RUNS,
    );
  });
});

describe('the state', () => {
  it('has a label always, and is consistent with it', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const payment = fold(facts);
        expect(LABELS).toContain(payment.label);
        if (['voided', 'expired', 'failed', 'canceled'].includes(payment.label)) {
          expect(payment.closed).toBe(true);
          expect(payment.amounts.captured).toBe(0n);
        }
        if (['authorized', 'pending', 'initialized'].includes(payment.label)) {
          expect(payment.closed).toBe(false);
        }
        if (payment.label === 'captured') expect(leftToCapture(payment)).toBe(0n);
        if (payment.final) {
          expect(payment.held).toBe(false);
          expect(payment.unresolved).toEqual([]);
          expect(leftToCapture(payment)).toBe(0n);
          expect(payment.amounts.disputed).toBe(0n);
        }
      }),
      RUNS,
    );
  });

  it('is met in all its variety by these properties', () => {
    const payments = fc.sample(anyFacts, { numRuns: 6000, seed: 7 }).map((facts) => fold(facts));
    const met = <T>(of: (payment: Payment) => readonly T[]) => [...new Set(payments.flatMap(of))];
    expect(met(({ label }) => [label]).sort()).toEqual([...LABELS].sort());
    expect(met(({ anomalies }) => anomalies.map(({ kind }) => kind)).sort()).toEqual(
      [...ANOMALIES].sort(),
    );
    expect(met(({ operations }) => operations.map(({ kind }) => kind)).sort()).toEqual(
      [...KINDS].sort(),
    );
    expect(met(({ operations }) => operations.map(({ status }) => status)).sort()).toEqual(
      [...OUTCOMES, 'contradicted'].sort(),
    );
    expect(met(({ final, closed, held }) => [`${final} ${closed} ${held}`]).length).toBe(6);
    expect(met(({ otherCurrencies }) => Object.keys(otherCurrencies))).toContain('USD');
  });
});

function standingTotals(facts: readonly Fact[]) {
  const unique = [...addAll(empty(), facts).byId.values()];
  const retracted = unique.flatMap((fact) => (fact.type === 'retraction' ? [fact.retracts] : []));
  return unique.flatMap((f) => (f.type === 'total' && !retracted.includes(f.id) ? [f] : []));
}

function amountsByKind(payment: Payment): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  const { currency, amounts, otherCurrencies } = payment;
  for (const [code, one] of [
    [currency ?? 'XXX', amounts] as const,
    ...Object.entries(otherCurrencies),
  ]) {
    sums.set(`authorization ${code}`, one.authorized);
    sums.set(`capture ${code}`, one.captured);
    sums.set(`refund ${code}`, one.refunded);
    sums.set(`dispute_fee ${code}`, one.disputeFees);
  }
  // Of these the amounts hold a difference, or nothing.
  const summed = [
    'dispute_withdrawal',
    'dispute_reinstatement',
    'participant_payout',
    'participant_payout_reversal',
  ];
  for (const operation of payment.operations.filter(({ kind }) => summed.includes(kind))) {
    const key = `${operation.kind} ${operation.amount?.currency}`;
    sums.set(key, (sums.get(key) ?? 0n) + counted(operation));
  }
  sums.set(`void ${currency ?? 'XXX'}`, amounts.voided);
  // The state is derived from the operations alone, so both must agree.
  for (const operation of payment.operations) expect(counted(operation)).toBeGreaterThanOrEqual(0n);
  return sums;
}

const nonZero = (sums: ReadonlyMap<string, bigint>) =>
  new Map([...sums].filter(([, sum]) => sum !== 0n).sort(([a], [b]) => (a < b ? -1 : 1)));
