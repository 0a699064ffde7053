import { describeLeaderAct, planLeaderActs } from './cluster-plan.js';
import { longestGap } from './cluster-probe.js';

describe('the acts on three brokers', () => {
  it('are the same for the same seed', () => {
    expect(planLeaderActs(3, 12)).toEqual(planLeaderActs(3, 12));
    expect(planLeaderActs(3, 12)).not.toEqual(planLeaderActs(4, 12));
  });

  it.each([1, 2, 3, 4, 5])(
    'hold every kind, and the leader of every topic, in six rounds (seed %d)',
    (seed) => {
      const acts = planLeaderActs(seed, 6);
      expect(new Set(acts.map(({ kind }) => kind))).toEqual(new Set(['kill', 'freeze', 'stop']));
      expect(new Set(acts.map(({ topic }) => topic)).size).toBe(6);
    },
  );

  it('are told in words', () => {
    const act = { kind: 'kill', topic: 'payments.events.v1', partition: 3, awayMs: 6_000 } as const;
    expect(describeLeaderAct(act)).toBe('kill -9 the leader of payments.events.v1/3 for 6 s');
  });
});

describe('the longest gap', () => {
  it('is between two moments, or from the start, or to the end', () => {
    expect(longestGap([10, 20, 60, 70], 0, 80)).toBe(40);
    expect(longestGap([50, 60], 0, 80)).toBe(50);
    expect(longestGap([10, 20], 0, 80)).toBe(60);
  });

  it('does not see what is outside', () => {
    expect(longestGap([5, 100], 10, 30)).toBe(20);
    expect(longestGap([], 10, 30)).toBe(20);
  });
});
