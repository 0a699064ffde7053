import { place, uniqueNames } from './assigner.js';

const sizes = (placed: Map<string, number[]>) => [...placed.values()].map(({ length }) => length);
const all = (placed: Map<string, number[]>) => [...placed.values()].flat().sort((a, b) => a - b);

describe('placing partitions', () => {
  it('gives every partition to exactly one instance, none more than one ahead', () => {
    for (const count of [1, 2, 3, 4, 5, 7, 8, 11]) {
      const placed = place(
        Array.from({ length: count }, (_, index) => `i${index}`),
        8,
      );
      expect(all(placed)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(Math.max(...sizes(placed)) - Math.min(...sizes(placed))).toBeLessThanOrEqual(1);
    }
  });

  it('goes by the set of names, whatever their order', () => {
    expect(place(['c', 'a', 'b'], 8)).toEqual(place(['a', 'b', 'c'], 8));
  });

  it('gives a returning instance its partitions back', () => {
    const before = place(['a', 'b', 'c'], 8);
    place(['a', 'b'], 8);
    expect(place(['a', 'b', 'c'], 8)).toEqual(before);
  });

  it('moves few partitions of the others when one leaves', () => {
    const names = ['a', 'b', 'c', 'd'];
    const before = place(names, 64);
    const after = place(names.slice(1), 64);
    const kept = names
      .slice(1)
      .flatMap((name) => (before.get(name) ?? []).filter((p) => after.get(name)?.includes(p)));
    expect(kept.length).toBeGreaterThan(30); // of 48; a full reshuffle would keep 16
  });

  it('makes doubled names unique, so that both members get partitions', () => {
    const names = uniqueNames([
      { memberId: 'm2', instance: 'a' },
      { memberId: 'm1', instance: 'a' },
      { memberId: 'm3', instance: 'b' },
    ]);
    expect([...names]).toEqual([
      ['a', 'm1'],
      ['a#2', 'm2'],
      ['b', 'm3'],
    ]);
  });
});
