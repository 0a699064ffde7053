import fc from 'fast-check';
import type { Fact, Splits } from '@paylog/payment-domain';
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
import { balancesOf } from './balances.js';
import type { Change } from './post.js';

const SPLITS: readonly (Splits | undefined)[] = [
  undefined,
  {
    participants: [
      { participant: 'seller', basisPoints: 6_667 },
      { participant: 'courier', basisPoints: 3_333 },
    ],
    refunds: { rule: 'proportional' },
  },
  {
    participants: [{ participant: 'seller', basisPoints: 8_000 }],
    platformFee: { basisPoints: 700 },
    refunds: { rule: 'platform_first' },
  },
];

const facts: fc.Arbitrary<Fact[]> = fc
  .record({
    minor: fc.integer({ min: 1, max: 5_000 }),
    refunds: fc.array(
      fc.record({
        minor: fc.integer({ min: 1, max: 2_000 }),
        outcomes: fc.subarray(['pending', 'succeeded', 'reversed', 'refused'] as const),
      }),
      { maxLength: 3 },
    ),
    otherCurrency: fc.boolean(),
    captureReversed: fc.boolean(),
    splits: fc.constantFrom(...SPLITS),
    passed: fc.option(fc.tuple(fc.integer({ min: 1, max: 5_000 }), fc.nat({ max: 500 }))),
    dispute: fc.subarray(['opened', 'lost', 'won'] as const),
    shuffled: fc.infiniteStream(fc.nat()),
  })
  .map(({ minor, refunds, otherCurrency, captureReversed, dispute, splits, passed, shuffled }) => {
    const fact = factOf('o1');
    const all = [
      ...sold({ order: 'o1', minor, ...(splits && { splits }) }),
      ...(passed ? passedOn({ order: 'o1' }, 'seller', ...passed) : []),
      ...refunds.flatMap((refund, n) =>
        refunded({ order: 'o1' }, n, refund.minor, ...refund.outcomes),
      ),
      ...(otherCurrency ? [fact('capture', 'ch_2/capture', 'succeeded', money(70, 'USD'))] : []),
      ...(captureReversed ? [fact('capture', 'ch_o1/capture', 'reversed', money(minor))] : []),
    ];
    if (dispute.length > 0) all.push(...disputed({ order: 'o1' }, minor, ...dispute));
    return shuffle(all, shuffled);
  });

function shuffle<T>(items: readonly T[], random: Iterator<number>): T[] {
  const keyed = items.map((item) => [item, random.next().value as number] as const);
  return [...keyed].sort(([, a], [, b]) => a - b).map(([item]) => item);
}

/** The events of a payment as a reader may get them: in batches, repeated, some again much later, some lost and replayed. */
const deliveries = facts.chain((all) => {
  const changes = changesOf('o1', all);
  const last = changes.length - 1;
  return fc
    .tuple(
      fc.array(fc.nat({ max: last }), { maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 }),
    )
    .map(([picks, sizes]) => {
      const order = [...picks, last, ...picks.slice(0, 5)];
      return {
        changes,
        batches: inBatches(
          order.flatMap((pick) => changes.slice(pick, pick + 1)),
          sizes,
        ),
      };
    });
});

function inBatches(items: readonly Change[], sizes: readonly number[]): Change[][] {
  const batches: Change[][] = [];
  for (let at = 0, turn = 0; at < items.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    batches.push(items.slice(at, at + size));
    at += size;
  }
  return batches;
}

describe('the ledger of a payment', () => {
  it('ends in what the last state amounts to, whatever order and repetition led there', () => {
    fc.assert(
      fc.property(deliveries, ({ changes, batches }) => {
        const ledger = new MemoryLedger();
        for (const batch of batches) ledger.post(batch);
        const last = changes.at(-1)!.state;
        const expected = Object.entries(balancesOf(last)).flatMap(([currency, accounts]) =>
          Object.entries(accounts).map(([account, minor]) => [`${currency} ${account}`, minor]),
        );
        expect(sumsOf(ledger.entries)).toEqual(Object.fromEntries(expected));
      }),
      { numRuns: 150 },
    );
  });

  it('consists of balanced entries, each with an id of its own', () => {
    fc.assert(
      fc.property(deliveries, ({ batches }) => {
        const ledger = new MemoryLedger();
        for (const batch of batches) ledger.post(batch);
        expect(unbalanced(ledger.entries)).toEqual([]);
        const ids = ledger.entries.map(({ entryId }) => entryId);
        expect(new Set(ids).size).toBe(ids.length);
      }),
      { numRuns: 100 },
    );
  });

  it('is the same for any order of the facts themselves', () => {
    fc.assert(
      fc.property(facts, fc.infiniteStream(fc.nat()), (all, random) => {
        const sums = [all, shuffle(all, random)].map((order) => {
          const ledger = new MemoryLedger();
          for (const change of changesOf('o1', order)) ledger.post([change]);
          return [sumsOf(ledger.entries), namesOf(ledger)];
        });
        expect(sums[1]).toEqual(sums[0]);
      }),
      { numRuns: 100 },
    );
  });
});

/** What reports are expected to hold; only when it happened may depend on what was heard first. */
function namesOf(ledger: MemoryLedger) {
  return ledger.books.get(idOf('o1'))?.expectations.map(({ occurredAt: _, names, ...rest }) => ({
    ...rest,
    names: [...names].sort(),
  }));
}
