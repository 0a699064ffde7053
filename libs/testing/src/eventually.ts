import { setTimeout as sleep } from 'node:timers/promises';

/** How long to go on asking, and how often. */
export interface Patience {
  deadlineMs?: number;
  everyMs?: number;
}

/**
 * Asks until the probe answers something (neither `undefined` nor `false`). A probe that throws is asked again; the
 * error at the deadline names what was awaited, and what the last probe said.
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  { deadlineMs = 10_000, everyMs = 25 }: Patience = {},
): Promise<T> {
  const end = Date.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= end) {
      const why = last instanceof Error ? `: ${last.message}` : '';
      throw new Error(`Waited ${deadlineMs} ms in vain for ${what}${why}`, { cause: last });
    }
    await sleep(everyMs);
  }
}
