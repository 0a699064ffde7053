import { setTimeout as sleep } from 'node:timers/promises';
import type { Violation, Witness } from '../witness.js';
import { movingIn } from './checks/motion.js';
import { violationOf } from './judge.js';
import { printOf, readMotion } from './read-motion.js';

const LOOK_EVERY_MS = 500;

/**
 * Waits until nothing is on its way any more, and two looks in a row find everything where it was: by the oracle's own
 * reading of databases, topics and the gateway. Not so within the deadline: `nothing-stuck`, with what is in the way.
 */
export async function waitUntilStill(
  witness: Witness,
  { deadlineMs }: { readonly deadlineMs: number },
): Promise<Violation[]> {
  const end = Date.now() + deadlineMs;
  let before = '';
  for (;;) {
    const { moving, print } = await look(witness);
    if (moving.length === 0 && print === before) return [];
    if (Date.now() > end) {
      const found = moving.length > 0 ? moving : ['positions still grow'];
      return violationOf('nothing-stuck', found);
    }
    before = print;
    await sleep(LOOK_EVERY_MS);
  }
}

/** A server that is away is in the way, not an error. */
async function look(witness: Witness): Promise<{ moving: string[]; print: string }> {
  try {
    const motion = await readMotion(witness);
    return { moving: movingIn(motion), print: printOf(motion) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { moving: [`not everything can be looked at: ${why}`], print: '' };
  }
}
