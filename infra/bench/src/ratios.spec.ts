import { orderOf } from './bench.js';
import type { Measured } from './measured.js';
import { ratiosOf, spreadOf } from './ratios.js';

const fast = (rows: number): Measured => ({ rows, acked: rows, seconds: 1 });
const late = (p50: number): Measured => ({ ...fast(1), latencyMs: { p50, p99: p50, p999: p50 } });

describe('ratios', () => {
  const ours = { key: 'ours', role: 'ours', group: '', rounds: [fast(10), fast(100)] } as const;

  it('are of the same round, however the machine changed between rounds', () => {
    const peer = { key: 'peer', role: 'peer', group: '', rounds: [fast(5), fast(50)] } as const;
    expect(ratiosOf([peer, ours], 'throughput')).toEqual({ peer: { median: 2, min: 2, max: 2 } });
  });

  it('are theirs divided by ours where latencies are compared, so that larger is better', () => {
    const mine = { ...ours, rounds: [late(2), late(4)] };
    const peer = { key: 'peer', role: 'peer', group: '', rounds: [late(100), late(100)] } as const;
    expect(ratiosOf([mine, peer], 'latency')['peer']).toEqual({ median: 37.5, min: 25, max: 50 });
  });

  it('stay within their group', () => {
    const slow = { key: 'at 200', role: 'ours', group: '200', rounds: [fast(1)] } as const;
    const limit = { key: 'limit at 200', role: 'limit', group: '200', rounds: [fast(4)] } as const;
    expect(ratiosOf([ours, slow, limit], 'throughput')['limit at 200']?.median).toBe(0.25);
    expect(() => ratiosOf([ours, limit], 'throughput')).toThrow(/nothing of ours/);
  });
});

test('a spread has the middle one, or the middle of two', () => {
  expect(spreadOf([9, 1, 2])).toEqual({ median: 2, min: 1, max: 9 });
  expect(spreadOf([4, 1, 2, 9])).toEqual({ median: 3, min: 1, max: 9 });
  expect(spreadOf([]).median).toBeNaN();
});

test('everybody runs in every round, and nobody always behind the same one', () => {
  const rounds = [1, 2, 3, 4, 5, 6, 7].map((round) => orderOf(4, round));
  for (const order of rounds) expect(order.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
  const before = rounds.map((order) => order[order.indexOf(2) - 1] ?? 'first');
  expect(new Set(before).size).toBeGreaterThan(2);
});
