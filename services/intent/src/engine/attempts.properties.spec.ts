import fc from 'fast-check';
import { PureRun } from '../testing/pure-run.js';
import type { Weather } from '../testing/fake-gateway.js';

const HOUR = 3_600_000;

const weather = fc.constantFrom<Weather>('fine', 'done_then_lost', 'lost', 'rate_limited');
const card = fc.constantFrom(
  'pm_card_visa',
  'pm_card_chargeDeclined',
  'pm_card_authenticationRequired',
);
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('step', 'crash', 'next') },
  { weight: 2, arbitrary: fc.constantFrom('cancel', 'approve', 'refuse') },
  { weight: 1, arbitrary: fc.constantFrom(30_000, 20 * 60_000, 13 * HOUR, 26 * HOUR) },
);

const history = fc.record({
  captureMode: fc.constantFrom('automatic' as const, 'manual' as const),
  cards: fc.tuple(card, card),
  happenings: fc.array(fc.tuple(happening, fc.constantFrom(0, 0, 1)), {
    minLength: 4,
    maxLength: 20,
  }),
  skies: fc.array(weather, { maxLength: 12 }),
});

describe('two attempts at one order, over crashes, lost answers and forgotten keys', () => {
  it('never have the money of both, nor that of a cancelled one', async () => {
    await fc.assert(
      fc.asyncProperty(history, async ({ captureMode, cards, happenings, skies }) => {
        const script = [...skies];
        const first = new PureRun(() => script.shift() ?? 'fine');
        const { gateway } = first;
        const second = new PureRun(undefined, 2, gateway);
        const runs = [first, second] as const;
        first.place({ method: cards[0], captureMode });
        let wanted = false;
        const place = () => {
          if (second.known.intent.terms) return;
          wanted = true;
          second.place({ method: cards[1], captureMode }, first);
        };
        for (const [what, which] of happenings) {
          const run = runs[which] ?? first;
          if (typeof what === 'number') for (const each of runs) each.now += what;
          else if (what === 'step') await run.step();
          else if (what === 'next') place();
          else if (what === 'cancel') run.ask({ type: 'cancel' });
          else if (what === 'approve' || what === 'refuse') {
            gateway[what](run.paymentId);
            run.toldAt = run.now;
          } else {
            const action = run.next();
            if (action.type !== 'call') continue;
            run.begin(action);
            await run.callOf(action);
          }
          expect(held(gateway, runs)).toBeLessThanOrEqual(1);
        }
        for (let i = 0; i < 4; i += 1) {
          await first.settle();
          second.now = Math.max(second.now, first.now);
          first.now = second.now;
          if (wanted) place();
          await second.settle();
          first.now = Math.max(second.now, first.now);
        }
        expect(held(gateway, runs)).toBeLessThanOrEqual(1);
        expect(gateway.capturedTwice).toBe(0);
        for (const run of runs) {
          const container = gateway.containers.filter(
            ({ request }) => request.paymentId === run.paymentId,
          );
          expect(container.length).toBeLessThanOrEqual(1);
          const [only] = container;
          if (!only || !run.known.intent.cancel) continue;
          expect(only.captured - gateway.refundedOf(only.id)).toBe(0n);
          expect(only.status).not.toBe('requires_capture');
        }
      }),
      { numRuns: 600 },
    );
  });
});

/** Attempts of which the gateway holds or has taken money that it has not given back. */
function held({ containers, refundedOf }: PureRun['gateway'], runs: readonly PureRun[]): number {
  const gateway = runs[0]?.gateway;
  return containers.filter(
    ({ id, status, captured }) =>
      status === 'requires_capture' || captured > (gateway?.refundedOf(id) ?? refundedOf(id)),
  ).length;
}
