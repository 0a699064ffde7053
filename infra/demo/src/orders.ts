import type { Money } from '@paylog/payment-domain';
import { integerBetween, type Random, randomFrom, shuffled } from './random.js';
import type { Scenario } from './scenario.js';

export type Channel = 'kafka' | 'http';

/** An order somebody will place. */
export interface Order {
  readonly orderId: string;
  readonly scenario: Scenario;
  readonly amount: Money;
  readonly channel: Channel;
}

/** Share of orders in each currency: one with cents, another, one without. The first pays out most. */
const CURRENCIES = [
  { currency: 'EUR', share: 0.7, lowest: 500, highest: 25_000 },
  { currency: 'USD', share: 0.2, lowest: 500, highest: 25_000 },
  { currency: 'JPY', share: 0.1, lowest: 500, highest: 40_000 },
] as const;

/**
 * The same seed gives the same orders. Every scenario is played at least once when there are orders enough, the rest by
 * weight; those that take long come first, so that nobody waits for them at the end.
 */
export function planOrders(count: number, seed: number, scenarios: readonly Scenario[]): Order[] {
  const random = randomFrom(seed);
  const rest = Math.max(0, count - scenarios.length);
  const chosen = [
    ...scenarios.slice(0, count),
    ...Array.from({ length: rest }, () => byWeight(scenarios, random)),
  ];
  const played = new Map<Scenario, number>();
  return shuffled(chosen, random)
    .sort((a, b) => Number(b.slow ?? false) - Number(a.slow ?? false))
    .map((scenario, index) => {
      const before = played.get(scenario) ?? integerBetween(random, 0, 1);
      played.set(scenario, before + 1);
      return {
        orderId: `order-${seed}-${String(index + 1).padStart(5, '0')}`,
        scenario,
        amount: someAmount(random),
        // In turns, so that what is played twice is played both ways.
        channel: before % 2 === 0 ? 'kafka' : 'http',
      };
    });
}

function byWeight(scenarios: readonly Scenario[], random: Random): Scenario {
  const total = scenarios.reduce((sum, { weight }) => sum + weight, 0);
  let at = random() * total;
  const found = scenarios.find(({ weight }) => (at -= weight) < 0);
  return found ?? (scenarios[0] as Scenario);
}

function someAmount(random: Random): Money {
  let at = random();
  const kind = CURRENCIES.find(({ share }) => (at -= share) < 0) ?? CURRENCIES[0];
  const { currency, lowest, highest } = kind;
  return { minor: BigInt(integerBetween(random, lowest, highest)), currency };
}
