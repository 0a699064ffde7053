import fc from 'fast-check';
import { everyInterleaving, Interleaving } from '../testing/interleavings.js';
import type { PureRun } from '../testing/pure-run.js';

const eur = (minor: bigint) => ({ minor, currency: 'EUR' });

async function authorized(run: PureRun): Promise<void> {
  run.place({ captureMode: 'manual' });
  await run.settle(60_000);
}

const beginnings: readonly (readonly [name: string, begin: (run: PureRun) => Promise<void>])[] = [
  ['an automatic payment', async (run) => void run.place()],
  [
    'a capture of what was authorized',
    async (run) => {
      await authorized(run);
      run.ask({ type: 'capture', reference: 'all' });
    },
  ],
  [
    'a capture of a part, with more to follow',
    async (run) => {
      await authorized(run);
      run.ask({ type: 'capture', reference: 'a', amount: eur(300n), final: false });
    },
  ],
  [
    'the second of two captures',
    async (run) => {
      await authorized(run);
      run.ask({ type: 'capture', reference: 'a', amount: eur(300n), final: false });
      await run.settle(60_000);
      run.ask({ type: 'capture', reference: 'b', amount: eur(200n) });
    },
  ],
];

/** By the gateway's own count. */
function expectNoMoneyOut({ run }: Interleaving, history: readonly string[]): void {
  const { gateway } = run;
  const of = gateway.containers.map(({ id, status, captured }) => ({
    held: status === 'requires_capture',
    out: captured - gateway.refundedOf(id),
  }));
  const open = run.next();
  const known = run.known.intent.payment;
  expect({ history, of, open, unresolved: known.unresolved }).toEqual({
    history,
    of: gateway.containers.length === 0 ? [] : [{ held: false, out: 0n }],
    open: { type: 'done' },
    unresolved: [],
  });
  expect([gateway.capturedTwice, gateway.refundsRefused]).toEqual([0, 0]);
}

const beginning = fc.constantFrom(...beginnings.map(([, begin]) => begin));

describe('a cancel, in long histories', () => {
  it('leaves no money out either', async () => {
    await fc.assert(
      fc.asyncProperty(
        beginning,
        fc.array(fc.nat(1_000), { maxLength: 40 }),
        async (begin, picks) => {
          const world = new Interleaving();
          await begin(world.run);
          const history: string[] = [];
          for (const pick of picks) {
            const choices = world.choices();
            const choice = choices[pick % choices.length];
            if (choice === undefined) break;
            history.push(choice);
            await world.take(choice);
          }
          await world.finish();
          expectNoMoneyOut(world, history);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('a cancel, at every moment of', () => {
  // Seven choices put our call, its arrival and answer, the webhook, the cancel, the void's call and its arrival in every
  // order, with a death after each; with eight, 11 106 histories of the four beginnings were seen to hold.
  it.each(beginnings)(
    '%s, of its calls, answers, webhooks and deaths, leaves no money out',
    async (name, begin) => {
      const depth = name === 'a capture of what was authorized' ? 7 : 5;
      const histories = await everyInterleaving(begin, depth, expectNoMoneyOut);
      expect(histories).toBeGreaterThan(150);
    },
    60_000,
  );
});

describe('a cancel that was over', () => {
  it('gives back what turns out to have been taken long after', async () => {
    const world = new Interleaving();
    await authorized(world.run);
    await world.finish();
    const [container] = world.run.gateway.containers;
    expect(world.run.known.projected).toMatchObject({ label: 'voided', final: true });
    Object.assign(container!, { status: 'succeeded', captured: 400n });
    world.run.now += 30 * 86_400_000;
    await world.finish();
    expect(world.run.gateway.refundedOf(container!.id)).toBe(400n);
    expectNoMoneyOut(world, []);
  });
});
