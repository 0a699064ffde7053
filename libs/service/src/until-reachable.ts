import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@paylog/observability';
import { isConnectionLost } from '@paylog/postgres';

const WITHIN_MS = 30_000;
const PAUSE_MS = 200;

/**
 * Does what a start needs of the database, again while it is out of reach. A database that is slow to take connections is
 * slow because much starts at once: who gives up and starts anew only adds to it.
 */
export async function untilReachable<T>(
  logger: Pick<Logger, 'warn'>,
  work: () => Promise<T>,
  { withinMs = WITHIN_MS, pauseMs = PAUSE_MS } = {},
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isConnectionLost(error) || Date.now() > deadline) throw error;
      logger.warn({ err: error }, 'Postgres is out of reach during the start; trying again');
      await sleep(pauseMs);
    }
  }
}
