import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again and again until the answer is there; the error at the deadline names what was awaited. */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined>,
  { deadlineMs = 30_000, everyMs = 50 } = {},
): Promise<T> {
  const end = Date.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (error instanceof GaveUp) throw error;
      last = error;
    }
    if (Date.now() >= end) {
      const why = last instanceof Error ? `: ${last.message}` : '';
      throw new Error(`Waited ${deadlineMs} ms in vain for ${what}${why}`, { cause: last });
    }
    await sleep(everyMs);
  }
}

/** Thrown by a probe when waiting on makes no sense. */
export class GaveUp extends Error {
  override name = 'GaveUp';
}
