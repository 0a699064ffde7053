import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ArmedFailpoint, parseFailpoint } from './parse.js';

const armed = parseFailpoint(process.env);
const declared = new Set<string>();
let hits = 0;

/** How long a slow point takes. */
const SLOW_MS = 1_000;

/**
 * A named place at which a crash test may hurt this process. Costs one comparison unless
 * `PAYLOG_FAILPOINT` names a point. At the armed hit the process dies by SIGKILL: no handler, no
 * flush, no answer, as if the machine had taken it; or it is frozen by SIGSTOP until someone sends
 * SIGCONT; or it is slow, from this hit on. Await it, before and after each step that crosses a
 * boundary.
 */
export function failpoint(name: string): void | Promise<void> {
  if (armed === undefined || armed.name !== name) return;
  hits += 1;
  if (hits === armed.hit || (hits > armed.hit && armed.action === 'slow')) return act(armed);
}

/** Makes names known to `failpointNames`; call it once, at the top of the file that uses them. */
export function declareFailpoints(names: readonly string[]): void {
  for (const name of names) declared.add(name);
}

/**
 * Every declared point of the modules imported so far, sorted: what a crash matrix runs through.
 */
export function failpointNames(): readonly string[] {
  return [...declared].sort();
}

function act({ name, action }: ArmedFailpoint): Promise<void> {
  if (action === 'slow') return sleep(SLOW_MS);
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
