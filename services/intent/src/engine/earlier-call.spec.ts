import { LIMITS, PureRun } from '../testing/pure-run.js';
import { concludedFrom } from './by-the-clock.js';
import { lookUp } from './gateway-calls.js';
import type { Weather } from '../testing/fake-gateway.js';

const script =
  (...skies: Weather[]) =>
  () =>
    skies.shift() ?? 'fine';

/** The first call reached the gateway and its answer died with us; the second one was not begun there. */
async function chargedAndForgotten(...skies: Weather[]): Promise<PureRun> {
  const run = new PureRun(script('fine', 'rate_limited', ...skies));
  run.place();
  const first = run.next();
  if (first.type !== 'call') throw new Error('expected a call');
  run.begin(first);
  await run.callOf(first);
  await run.step();
  expect(run.gateway.containers).toHaveLength(1);
  return run;
}

describe('a call without an answer, and a later one that the gateway did not begin', () => {
  it('leaves the first in doubt: a cancel asks the gateway before anything is called over', async () => {
    const run = await chargedAndForgotten('rate_limited');
    run.ask({ type: 'cancel' });
    await run.step();
    expect(run.known.intent.payment.closed).toBe(false);
    await run.settle();
    expect(run.gateway.refundedOf('pi_1')).toBe(1000n);
  });

  it('lets no next attempt be charged beside it', async () => {
    const run = await chargedAndForgotten('rate_limited');
    const second = new PureRun(undefined, 2, run.gateway);
    expect(second.place({}, run).type).toBe('early');
    await run.settle();
    expect(second.place({}, run)).toMatchObject({
      type: 'refused',
      refusal: { reason: 'previous_attempt_succeeded' },
    });
  });

  it('is not begun anew when its key has run out', async () => {
    const run = await chargedAndForgotten();
    run.now += 25 * 3_600_000;
    expect(run.next()).toMatchObject({ type: 'lookup' });
  });
});

describe('an order cancelled while its cancel is in doubt', () => {
  it('is not captured in the meantime', async () => {
    const run = new PureRun(script('fine', 'lost'));
    run.place({ captureMode: 'manual' });
    await run.step();
    run.ask({ type: 'capture', reference: 'parcel' });
    run.ask({ type: 'cancel' });
    await run.settle();
    expect(run.gateway.containers.map(({ captured }) => captured)).toEqual([0n]);
    expect(run.known.intent.payment).toMatchObject({ label: 'voided', final: true });
  });
});

describe('a capture without an answer, long after its key was kept', () => {
  const eur = (minor: bigint) => ({ minor, currency: 'EUR' });

  /** The call never reached the gateway, or did and its answer was lost; then half a day passes. */
  async function inDoubt(weather: Weather, before?: (run: PureRun) => Promise<void>) {
    const sky = { now: 'fine' as Weather };
    const run = new PureRun(() => sky.now);
    run.place({ captureMode: 'manual' });
    await run.settle(60_000);
    await before?.(run);
    run.ask({ type: 'capture', reference: 'parcel', amount: eur(400n), final: false });
    sky.now = weather;
    await run.step();
    sky.now = 'fine';
    run.now += 13 * 3_600_000;
    return run;
  }
  const container = ({ gateway }: PureRun) => gateway.containers[0]!;

  it('is begun again when nothing was taken, after one question', async () => {
    const run = await inDoubt('lost');
    expect(run.next()).toMatchObject({ type: 'lookup' });
    await run.step();
    await run.settle(60_000);
    expect(container(run)).toMatchObject({ captured: 400n, captures: [{ minor: 400n }] });
    expect(run.known.intent.payment).toMatchObject({ unresolved: [], label: 'partially_captured' });
    expect(run.gateway.calls.filter((call) => call.startsWith('lookup'))).toHaveLength(1);
  });

  it('is begun again when others explain what was taken', async () => {
    const run = await inDoubt('lost', async (early) => {
      early.ask({ type: 'capture', reference: 'first', amount: eur(400n), final: false });
      await early.settle(60_000);
    });
    await run.settle();
    expect(container(run)).toMatchObject({ captured: 800n });
    expect(run.gateway.capturedTwice).toBe(0);
  });

  it('is ours when the gateway wrote it down', async () => {
    const run = await inDoubt('done_then_lost');
    await run.settle();
    expect(container(run).captured).toBe(400n);
    expect(run.known.intent.payment.amounts.captured).toBe(400n);
    expect(run.known.intent.payment.unresolved).toEqual([]);
  });

  it('stays in doubt while cents are left that it may have taken: an equal amount proves nothing', async () => {
    const run = await inDoubt('done_then_lost');
    container(run).captures.length = 0; // The gateway keeps no note of whose it was.
    await run.settle();
    expect(container(run).captured).toBe(400n);
    expect(run.next()).toMatchObject({ type: 'wait', why: 'unknown outcome' });
  });

  it('is not begun again while a call of it may still be on its way', async () => {
    const run = await inDoubt('lost');
    run.now -= 13 * 3_600_000 - 600_000;
    const [own] = run.known.intent.own.filter(({ kind }) => kind === 'capture');
    const answer = await lookUp(run.gateway, own!, run.known);
    expect(concludedFrom(run.known, own!.id, answer, LIMITS, new Date(run.now))).toEqual([]);
    const later = new Date(run.now + 3_600_000);
    expect(concludedFrom(run.known, own!.id, answer, LIMITS, later)).toHaveLength(1);
  });
});
