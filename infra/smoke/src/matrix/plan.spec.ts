import { describeTarget, planWaves } from './plan.js';
import type { Target } from './reach.js';

/** Goal: each point is died at once, services side by side, and the same seed plans the same. */
describe('planWaves', () => {
  const targets: Target[] = [
    ...['a', 'b', 'c', 'd', 'e'].map((step): Target => ({
      service: 'intent',
      name: `intent.${step}.before`,
      occasion: 'load',
    })),
    { service: 'fulfillment', name: 'kafka.batch.after', occasion: 'load' },
    { service: 'payment-state', name: 'event-sourcing.rebuild-cut.after', occasion: 'rebuild' },
  ];
  const options = { seed: 1, livesAWave: 2 };
  const namesIn = (waves: ReturnType<typeof planWaves>) =>
    waves.flatMap(({ chains, alone }) => [...chains.flat(), ...alone]).map(({ name }) => name);

  it('holds every point once', () => {
    const names = namesIn(planWaves(targets, options));
    expect(names.toSorted()).toEqual(targets.map(({ name }) => name).toSorted());
  });

  it('gives a service so many lives a wave, and side by side with it the others', () => {
    const waves = planWaves(targets, options);
    expect(
      waves.map(({ chains }) => chains.map(({ length }) => length).toSorted((a, b) => a - b)),
    ).toEqual([[1, 2], [2], [1]]);
    for (const chain of waves.flatMap(({ chains }) => chains)) {
      expect(new Set(chain.map(({ service }) => service)).size).toBe(1);
    }
  });

  it('keeps what needs an occasion out of the chains', () => {
    const alone = planWaves(targets, options).flatMap((wave) => wave.alone);
    expect(alone.map(({ occasion }) => occasion)).toEqual(['rebuild']);
  });

  it('is decided by the seed', () => {
    const sample = (seed: number) => planWaves(targets, { ...options, seed, sample: 4 });
    expect(namesIn(sample(1))).toEqual(namesIn(sample(1)));
    expect(namesIn(sample(1))).toHaveLength(4);
    expect([2, 3, 4].map((seed) => namesIn(sample(seed)).join())).not.toEqual(
      [2, 3, 4].map(() => namesIn(sample(1)).join()),
    );
  });

  it('takes only points of some names, if any are given, as it tells of those that were not reached', () => {
    const only = (...names: string[]) => namesIn(planWaves(targets, { ...options, only: names }));
    expect(only('kafka.')).toEqual(['kafka.batch.after']);
    expect(only('batch.after in fulfillment', 'intent.a.before').toSorted()).toEqual([
      'intent.a.before',
      'kafka.batch.after',
    ]);
    expect(only('batch.after in intent')).toEqual([]);
  });

  it('names a point of a lib together with its service', () => {
    const [own, , , , , lib] = targets as [Target, ...Target[]];
    expect(describeTarget(own)).toBe('intent.a.before');
    expect(describeTarget(lib as Target)).toBe('kafka.batch.after in fulfillment');
  });
});
