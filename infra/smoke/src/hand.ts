import { STATEFUL_SERVICES, type StatefulService } from '@paylog/local';
import type { Act, Which } from './act.js';
import { integerBetween, oneOf, type Random, randomFrom, shuffled } from './random.js';

/** Rounds that together cover every kind of act and every target. */
export const ROUNDS_A_DEAL = 10;
/** A snapshot must have had time to grow old. */
const NO_RESTORE_BEFORE = 3;

/** What is done to services in one deal; Postgres and Kafka are killed once each on top. */
const SERVICE_KINDS = [
  'kill',
  'kill',
  'freeze',
  'freeze',
  'restart',
  'restore',
  'restore',
  'restore',
] as const;
type ServiceKind = (typeof SERVICE_KINDS)[number];

/** Those of which there are two. */
const REPLICATED: ReadonlySet<StatefulService> = new Set([
  'intent',
  'webhook-ingest',
  'payment-state',
]);

/** A group's session is 6 s, a lane owner's 5 s: one freeze outlasts them, another one does not. */
const FROZEN_LONG_MS = [8_000, 11_000] as const;
const FROZEN_SHORT_MS = [1_000, 4_000] as const;

/** One act a round. The same seed gives the same acts; ten rounds hold every kind, every service, Postgres and Kafka. */
export function planActs(seed: number, rounds: number): Act[] {
  const random = randomFrom(seed);
  const acts: Act[] = [];
  while (acts.length < rounds) acts.push(...deal(random));
  return acts.slice(0, rounds);
}

function deal(random: Random): Act[] {
  let frozen = 0;
  const ofServices = pairs(random).map(([kind, target]): Act => {
    if (kind === 'freeze') frozen += 1;
    return serviceAct(kind, target, frozen, random);
  });
  const servers = (['postgres', 'kafka'] as const).map((target): Act => ({
    kind: 'kill',
    target,
    awayMs: oneOf([0, 1_500, 4_000], random),
  }));
  return late(shuffled([...ofServices, ...servers], random), random);
}

/**
 * Each service at least once, nothing twice in the same way. The restart and the long freeze hit a service of which there
 * are two, for the other one to take over.
 */
function pairs(random: Random): [ServiceKind, StatefulService][] {
  for (;;) {
    const again = shuffled(STATEFUL_SERVICES, random).slice(
      0,
      SERVICE_KINDS.length - STATEFUL_SERVICES.length,
    );
    const targets = [...shuffled(STATEFUL_SERVICES, random), ...again];
    const dealt = shuffled(SERVICE_KINDS, random).map(
      (kind, index): [ServiceKind, StatefulService] => [kind, targets[index] as StatefulService],
    );
    const once = new Set(dealt.map((pair) => pair.join())).size === dealt.length;
    const firsts = [targetOf('restart', dealt), targetOf('freeze', dealt)];
    if (once && firsts.every((target) => REPLICATED.has(target))) return dealt;
  }
}

function targetOf(
  wanted: ServiceKind,
  dealt: readonly [ServiceKind, StatefulService][],
): StatefulService {
  return (dealt.find(([kind]) => kind === wanted) as [ServiceKind, StatefulService])[1];
}

function serviceAct(
  kind: ServiceKind,
  target: StatefulService,
  frozen: number,
  random: Random,
): Act {
  const which: Which = !REPLICATED.has(target)
    ? 1
    : random() < 0.3
      ? 'all'
      : integerBetween(random, 1, 2);
  switch (kind) {
    case 'kill':
      return { kind, target, which, awayMs: oneOf([0, 0, 2_000], random) };
    case 'freeze': {
      const [shortest, longest] = frozen === 1 ? FROZEN_LONG_MS : FROZEN_SHORT_MS;
      const frozenMs = integerBetween(random, shortest / 100, longest / 100) * 100;
      return { kind, target, which, frozenMs };
    }
    case 'restart':
      return { kind, target, which: which === 'all' ? 1 : which };
    case 'restore':
      return { kind, target };
  }
}

/** Restorations change places with what else is done, until none comes too early. */
function late(acts: readonly Act[], random: Random): Act[] {
  const first = acts.filter(({ kind }) => kind !== 'restore').slice(0, NO_RESTORE_BEFORE);
  const rest = acts.filter((act) => !first.includes(act));
  return [...first, ...shuffled(rest, random)];
}
