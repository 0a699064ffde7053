import type { EventLog } from '@paylog/event-sourcing';
import type { Logger } from '@paylog/observability';
import type { Pool } from 'pg';
import { deleteOldAnswers } from '../engine/work.sql.js';
import { tellUnresolved } from '../query/unresolved.js';
import type { OrdersHandler } from './orders.handler.js';
import { sweepEarly } from './replay.js';

export interface HousekeepingParts {
  readonly log: EventLog;
  readonly pool: Pool;
  readonly orders: OrdersHandler;
  readonly logger: Logger;
  /** Whose unresolved money is told also where there is none. */
  readonly accounts: readonly string[];
}

const SWEEP_MS = 500;
const ANSWERS_EVERY_MS = 3_600_000;
const ANSWERS_KEPT_DAYS = 30;
const UNRESOLVED_EVERY_MS = 15_000;

/** Messages that came too early, and answers that are too old. Several processes may do it side by side. */
export function startHousekeeping(parts: HousekeepingParts): { stop(): Promise<void> } {
  const { log, pool, orders, logger, accounts } = parts;
  let unresolvedAt = 0;
  let stopped = false;
  let wake: () => void = () => undefined;
  let answersAt = Date.now() + ANSWERS_EVERY_MS;
  const run = async () => {
    while (!stopped) {
      try {
        await sweepEarly(log, orders, logger);
        if (Date.now() >= unresolvedAt) {
          unresolvedAt = Date.now() + UNRESOLVED_EVERY_MS;
          await tellUnresolved(pool, accounts);
        }
        if (Date.now() >= answersAt) {
          answersAt = Date.now() + ANSWERS_EVERY_MS;
          await deleteOldAnswers(pool, ANSWERS_KEPT_DAYS);
        }
      } catch (error) {
        logger.warn({ err: error }, 'housekeeping failed; trying again');
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, SWEEP_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  const running = run();
  return {
    stop() {
      stopped = true;
      wake();
      return running;
    },
  };
}
