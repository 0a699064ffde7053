import { reasonOf } from './fault.js';
import type { Logger } from './logger.js';
import { backoffMs, pause } from './pause.js';

export interface Loop {
  /** Resolves when the round at hand has ended. */
  stop(): Promise<void>;
}

export interface WakingLoop extends Loop {
  /** There is work: the next round begins at once, or right after the one at hand. */
  wake(): void;
}

/**
 * Runs `round` again and again: at once when it says there is more or somebody woke the loop meanwhile, else every
 * `everyMs`; after a failure with growing pauses, which no wake-up cuts short.
 */
export function startLoop(
  everyMs: number,
  logger: Logger | undefined,
  complaint: string,
  round: (stopping: AbortSignal) => Promise<boolean>,
): WakingLoop {
  const stopping = new AbortController();
  let nap = new AbortController();
  const run = async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        nap = new AbortController();
        const more = await round(stopping.signal);
        failures = 0;
        if (!more && !stopping.signal.aborted) await pause(everyMs, nap.signal);
      } catch (error) {
        failures += 1;
        if (!stopping.signal.aborted) logger?.warn({ failures, error: reasonOf(error) }, complaint);
        await pause(backoffMs(failures), stopping.signal);
      }
    }
  };
  const running = run();
  return {
    wake() {
      nap.abort();
    },
    stop() {
      stopping.abort();
      nap.abort();
      return running;
    },
  };
}
