import { planOrders } from './orders.js';
import { SCENARIOS } from './scenarios.js';

const names = (count: number, seed: number) =>
  planOrders(count, seed, SCENARIOS).map(({ scenario, amount, channel }) => {
    return `${scenario.name} ${amount.minor} ${amount.currency} ${channel}`;
  });

describe('the plan of orders', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(names(200, 7)).toEqual(names(200, 7));
    expect(names(200, 8)).not.toEqual(names(200, 7));
  });

  it.each([SCENARIOS.length, 60, 200])('plays every scenario with %d orders', (count) => {
    const orders = planOrders(count, 4711, SCENARIOS);
    expect(orders).toHaveLength(count);
    expect(new Set(orders.map(({ scenario }) => scenario.name)).size).toBe(SCENARIOS.length);
    expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(count);
  });

  it('plays the first scenarios when there are fewer orders than scenarios', () => {
    const orders = planOrders(1, 7, SCENARIOS);
    expect(orders.map(({ scenario }) => scenario.name)).toEqual(['automatic_capture']);
    expect(planOrders(0, 7, SCENARIOS)).toEqual([]);
  });

  it('places orders by Kafka and by HTTP, and what is played twice in both ways', () => {
    const orders = planOrders(400, 7, SCENARIOS);
    for (const scenario of SCENARIOS) {
      const own = orders.filter((order) => order.scenario === scenario);
      if (own.length < 2) continue;
      expect(new Set(own.map(({ channel }) => channel)).size).toBe(2);
    }
  });

  it('starts with what waits for a clock', () => {
    const slow = planOrders(200, 7, SCENARIOS).map(({ scenario }) => scenario.slow === true);
    expect(slow).toEqual([...slow].sort((a, b) => Number(b) - Number(a)));
  });
});
