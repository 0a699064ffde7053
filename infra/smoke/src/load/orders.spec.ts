import fc from 'fast-check';
import { ordersOf, type Planned } from './orders.js';
import { STORIES } from './stories.js';

const ORDERS_A_RUN = 500;
const seeds = fc.integer({ min: 0, max: 2 ** 31 });

const first = (count: number, seed: number): Planned[] => {
  const orders = ordersOf(seed);
  return Array.from({ length: count }, () => orders.next().value);
};

describe('the orders of a seed', () => {
  it('are the same each time, and never two with one id', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const orders = first(50, seed);
        expect(first(50, seed)).toEqual(orders);
        expect(new Set(orders.map(({ order }) => order.orderId)).size).toBe(50);
      }),
      { numRuns: 20 },
    );
  });

  it('tell every story, by both ways and in every currency, within a run', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const orders = first(ORDERS_A_RUN, seed);
        const told = new Set(orders.map(({ story }) => story.name));
        expect(STORIES.map(({ name }) => name).filter((name) => !told.has(name))).toEqual([]);
        expect(new Set(orders.map(({ order }) => order.channel)).size).toBe(2);
        expect(new Set(orders.map(({ order }) => order.currency)).size).toBe(3);
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  it('hold lost answers and reordered webhooks from the first minute on', () => {
    const orders = first(240, 1).map(({ story }) => story.paymentMethod);
    for (const token of ['commitThenTimeout', 'captureTimeout', 'refundTimeout', 'Reordered']) {
      expect(orders.some((method) => method.endsWith(token))).toBe(true);
    }
  });
});
