import { integerBetween, oneOf, type Random, randomFrom } from '../random.js';
import { STORIES, type Story } from './stories.js';
import type { Attempt } from './storefront.js';

/** An order that will be placed, and what its storefront will do with it. */
export interface Planned {
  readonly story: Story;
  readonly order: Attempt;
}

const CURRENCIES = ['EUR', 'EUR', 'EUR', 'USD', 'JPY'];

/** Orders without end. The same seed gives the same ones in the same order. */
export function* ordersOf(seed: number): Generator<Planned, never> {
  const random = randomFrom(seed);
  for (let number = 1; ; number += 1) {
    const story = byWeight(STORIES, random);
    yield { story, order: someOrder(`order-${seed}-${String(number).padStart(5, '0')}`, random) };
  }
}

export function someOrder(orderId: string, random: Random): Attempt {
  return {
    orderId,
    attempt: 1,
    channel: random() < 0.5 ? 'http' : 'kafka',
    minor: integerBetween(random, 500, 25_000),
    currency: oneOf(CURRENCIES, random),
  };
}

function byWeight(stories: readonly Story[], random: Random): Story {
  const total = stories.reduce((sum, { weight }) => sum + weight, 0);
  let at = random() * total;
  return stories.find(({ weight }) => (at -= weight) < 0) ?? (stories[0] as Story);
}
