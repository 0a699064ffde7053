import type { Invariant } from '../../witness.js';
import { violationsIn } from '../judge.js';
import { clean, type Scene } from './clean.js';

/** What is found after one thing was broken: invariant → examples. */
export function after(
  breakIt: (scene: Scene) => unknown,
): Partial<Record<Invariant, readonly string[]>> {
  const scene = clean();
  breakIt(scene);
  const found = violationsIn(scene.evidence, scene);
  return Object.fromEntries(found.map(({ invariant, examples }) => [invariant, examples]));
}

/** One way to break the world, the promise that it breaks, and what must be said about it. */
export type Bite = readonly [
  what: string,
  invariant: Invariant,
  says: RegExp,
  breakIt: (scene: Scene) => unknown,
];

/** A spec for each: a check that can't fail is worth nothing. */
export function proveThatItBites(bites: readonly Bite[]): void {
  it.each(bites)('%s: %s', (_what, invariant, says, breakIt) => {
    const found = after(breakIt);
    expect(Object.keys(found)).toContain(invariant);
    expect(found[invariant]?.join('\n')).toMatch(says);
  });
}

type Evidence = Scene['evidence'];

/** A log by its schema. */
export function log({ evidence }: Scene, schema: string): Evidence['logs'][number] {
  return found(evidence.logs, ({ place }) => place.schema === schema);
}

export function topic({ evidence }: Scene, name: string): Evidence['topics'][number] {
  return found(evidence.topics, (one) => one.topic === name);
}

/** A payment in the read model. */
export function projected({ evidence }: Scene, paymentId: string): Evidence['projected'][number] {
  return found(evidence.projected, (one) => one.paymentId === paymentId);
}

/** A payment at the gateway. */
export function intent(
  { evidence }: Scene,
  paymentId: string,
): Evidence['truth']['intents'][number] {
  return found(evidence.truth.intents, (one) => one.metadata['paylog_payment'] === paymentId);
}

function found<T>(items: readonly T[], holds: (item: T) => boolean): T {
  const item = items.find(holds);
  if (item === undefined) throw new Error('the clean world has no such thing');
  return item;
}
