import { PureRun } from '../testing/pure-run.js';
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
