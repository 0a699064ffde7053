import { reasonOf } from './fault.js';
import type { Logger } from './logger.js';
import { backoffMs, pause } from './pause.js';

export interface Loop {
  /** Resolves when the round at hand has ended. */
  stop(): Promise<void>;
}

/** Runs `round` again and again: at once when it says there is more, after a failure with growing pauses. */
export function startLoop(
  everyMs: number,
  logger: Logger | undefined,
  complaint: string,
  round: (stopping: AbortSignal) => Promise<boolean>,
): Loop {
  const stopping = new AbortController();
  const run = async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        const more = await round(stopping.signal);
        failures = 0;
        if (!more) await pause(everyMs, stopping.signal);
      } catch (error) {
        failures += 1;
        if (!stopping.signal.aborted) logger?.warn({ failures, error: reasonOf(error) }, complaint);
        await pause(backoffMs(failures), stopping.signal);
      }
    }
  };
  const running = run();
  return {
    stop() {
      stopping.abort();
      return running;
    },
  };
}
