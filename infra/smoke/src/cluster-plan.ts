import {
  FULFILLMENT_EVENTS,
  GATEWAY_NOTIFICATIONS,
  PAYMENT_PARTITIONS,
  PAYMENTS_EVENTS,
  PAYMENTS_INTENTS,
  STOREFRONT_ORDERS,
} from '@paylog/contracts';
import { integerBetween, oneOf, randomFrom, shuffled } from './random.js';

/** What is done to the broker that leads one partition at that moment; it leads others, too. */
export interface LeaderAct {
  /** Stopped: in good order, as for an update; it hands its partitions over first. */
  readonly kind: 'kill' | 'freeze' | 'stop';
  readonly topic: string;
  readonly partition: number;
  readonly awayMs: number;
}

/** The path of an order, and where groups keep their members. */
const LED = [
  [STOREFRONT_ORDERS, PAYMENT_PARTITIONS],
  [PAYMENTS_INTENTS, PAYMENT_PARTITIONS],
  [GATEWAY_NOTIFICATIONS, PAYMENT_PARTITIONS],
  [PAYMENTS_EVENTS, PAYMENT_PARTITIONS],
  [FULFILLMENT_EVENTS, PAYMENT_PARTITIONS],
  ['__consumer_offsets', 8],
] as const;
const KINDS = ['kill', 'freeze', 'kill', 'kill', 'freeze', 'stop'] as const;
/** The others take over within 4 s: some come back before, most after. */
const AWAY_MS = [2_000, 6_000, 9_000] as const;
const FROZEN_MS = [9_000, 12_000] as const;

/** One act a round; six rounds hold every kind and every topic. The same seed gives the same acts. */
export function planLeaderActs(seed: number, rounds: number): LeaderAct[] {
  const random = randomFrom(seed);
  const acts: LeaderAct[] = [];
  while (acts.length < rounds) {
    const led = shuffled(LED, random);
    shuffled(KINDS, random).forEach((kind, index) => {
      const [topic, partitions] = led[index] as (typeof LED)[number];
      const partition = integerBetween(random, 0, partitions - 1);
      const awayMs = oneOf(kind === 'freeze' ? FROZEN_MS : AWAY_MS, random);
      acts.push({ kind, topic, partition, awayMs });
    });
  }
  return acts.slice(0, rounds);
}

export function describeLeaderAct({ kind, topic, partition, awayMs }: LeaderAct): string {
  const what = kind === 'kill' ? 'kill -9' : kind;
  return `${what} the leader of ${topic}/${partition} for ${awayMs / 1_000} s`;
}
