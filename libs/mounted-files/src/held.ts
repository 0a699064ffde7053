import type { Look } from './look.js';

/** What counts of a file, and what it is about to become. */
export interface Held {
  /** The last good content; undefined: there is no such file. */
  readonly text: string | undefined;
  /** Another content, or none, that was seen and must be seen again before it counts. */
  readonly next?: { readonly look: Exclude<Look, { kind: 'unusable' }>; readonly sinceMs: number };
  /** Why the file can't be used as it lies there now. */
  readonly trouble?: string;
}

/**
 * One look more. What was seen counts when it is still there `settleMs` later: a file that is being written, or that is
 * taken away to be put back, shows something else by then. Pure.
 */
export function hold(held: Held, look: Look, nowMs: number, settleMs: number): Held {
  if (look.kind === 'unusable') return { text: held.text, trouble: look.why };
  const seen = look.kind === 'text' ? look.text : undefined;
  if (seen === held.text) return { text: held.text };
  const { next } = held;
  const before = next && (next.look.kind === 'text' ? next.look.text : undefined);
  if (next === undefined || before !== seen) {
    return { text: held.text, next: { look, sinceMs: nowMs } };
  }
  return nowMs - next.sinceMs >= settleMs ? { text: seen } : held;
}
