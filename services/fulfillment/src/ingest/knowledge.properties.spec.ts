import fc from 'fast-check';
import { latest, type Learnt } from './knowledge.js';

const learnt = fc.array(
  fc.record(
    {
      paymentId: fc.constantFrom('pay1', 'pay2'),
      stateVersion: fc.integer({ min: 1, max: 6 }),
      cancelledBy: fc.constantFrom('cancel'),
    },
    { requiredKeys: ['paymentId'] },
  ),
  { maxLength: 12 },
);

/** A state follows from its payment and version. */
const withStates = (all: readonly Pick<Learnt, 'paymentId' | 'stateVersion'>[]): Learnt[] =>
  all.map((each) =>
    each.stateVersion === undefined
      ? each
      : { ...each, state: `${each.paymentId} v${each.stateVersion}` },
  );

const byId = (all: readonly Learnt[]) =>
  Object.fromEntries(
    all.map(({ paymentId, stateVersion = 0, state, cancelledBy }) => [
      paymentId,
      { stateVersion, state, cancelledBy },
    ]),
  );

describe('what one batch teaches', () => {
  it('is one row a payment: its latest state, and whether it was cancelled', () => {
    fc.assert(
      fc.property(learnt, (some) => {
        const rows = latest(withStates(some));
        expect(new Set(rows.map(({ paymentId }) => paymentId)).size).toBe(rows.length);
        for (const row of rows) {
          const own = some.filter(({ paymentId }) => paymentId === row.paymentId);
          expect(row.stateVersion ?? 0).toBe(
            Math.max(...own.map((each) => each.stateVersion ?? 0)),
          );
          expect(row.cancelledBy).toBe(own.find((each) => each.cancelledBy)?.cancelledBy);
        }
      }),
    );
  });

  it('does not depend on order, repetition or where the batch is cut', () => {
    fc.assert(
      fc.property(
        learnt.chain((some) =>
          fc.tuple(
            fc.constant(some),
            fc.shuffledSubarray([...some, ...some], { minLength: some.length * 2 }),
            fc.nat(24),
          ),
        ),
        ([some, shuffled, cut]) => {
          const all = withStates(shuffled);
          const inParts = latest([...latest(all.slice(0, cut)), ...latest(all.slice(cut))]);
          expect(byId(inParts)).toEqual(byId(latest(withStates(some))));
        },
      ),
    );
  });
});
