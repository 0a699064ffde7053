import { writeSync } from 'node:fs';
import { type ArmedFailpoint, parseFailpoint } from './parse.js';

const armed = parseFailpoint(process.env);
const declared = new Set<string>();
let hits = 0;

/** Runs a step that crosses a boundary, between the points `<step>.before` and `<step>.after`. */
export type Crossing = <T>(cross: () => Promise<T>) => Promise<T>;

/**
 * A named place at which a crash test may hurt this process. Costs one comparison unless
 * `PAYLOG_FAILPOINT` names a point. At the armed hit the process dies by SIGKILL: no handler, no
 * flush, no answer, as if the machine had taken it; or it is frozen by SIGSTOP until someone sends
 * SIGCONT. Await it, before and after each step that crosses a boundary.
 */
export function failpoint(name: string): void | Promise<void> {
  if (armed === undefined || armed.name !== name) return;
  hits += 1;
  if (hits === armed.hit) return act(armed);
}

/** Makes names known to `failpointNames`; call it once, at the top of the file that uses them. */
export function declareFailpoints(names: readonly string[]): void {
  for (const name of names) declared.add(name);
}

/**
 * Declares the two points round a step; make it at the top of the file, wrap the step's await in
 * it. Adds nothing to the step, not even a microtask, unless one of its points is armed.
 */
export function crossing(step: string): Crossing {
  const before = `${step}.before`;
  const after = `${step}.after`;
  declareFailpoints([before, after]);
  if (!isArmed(step)) return (cross) => cross();
  return async (cross) => {
    await failpoint(before);
    const result = await cross();
    await failpoint(after);
    return result;
  };
}

/** Whether a point of this step is armed: for hooks that would cost something by being there. */
export function isArmed(step: string): boolean {
  return armed?.name === `${step}.before` || armed?.name === `${step}.after`;
}

/**
 * Every declared point of the modules imported so far, sorted: what a crash matrix runs through.
 */
export function failpointNames(): readonly string[] {
  return [...declared].sort();
}

function act({ name, action }: ArmedFailpoint): Promise<void> {
  writeSync(
    2,
    `${JSON.stringify({ level: 'fatal', msg: 'failpoint', failpoint: name, action })}\n`,
  );
  if (action === 'freeze') {
    process.kill(process.pid, 'SIGSTOP');
    return Promise.resolve();
  }
  process.kill(process.pid, 'SIGKILL');
  // The signal may be delivered a moment later; nothing after the point may run until then.
  return new Promise(() => undefined);
}
