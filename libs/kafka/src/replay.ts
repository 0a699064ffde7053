import { crossing } from '@paylog/failpoints';
import { underLock } from '@paylog/postgres';
import type { Pool } from 'pg';
import type { EventLog, ParkedRow } from '@paylog/event-sourcing';
import { passesByItself, reasonOf } from './fault.js';
import type { Logger } from './logger.js';
import { startLoop, type Loop } from './loop.js';

const atReplayLock = crossing('kafka.replay-lock');
const atReplayUnlock = crossing('kafka.replay-unlock');
const STEPS = { atLock: atReplayLock, atUnlock: atReplayUnlock };

export interface ReplayOptions {
  readonly log: Pick<EventLog, 'parked' | 'schema'>;
  readonly pool: Pool;
  /**
   * Handles ready rows like messages (`messageOf(row)`) and settles every one of them in its flush:
   * `append(…, { settle: [{ id, status: 'applied' }] })`. May throw; the rows are then tried one by one.
   */
  readonly handle: (rows: readonly ParkedRow[]) => Promise<void>;
  readonly logger?: Logger;
  /** Default 500 ms. */
  readonly everyMs?: number;
  /** Default 30 s: how long a row that failed by itself is left alone. */
  readonly restMs?: number;
}

const AT_ONCE = 100;

/**
 * Takes rows that an operator or a late reference made ready. One process at a time, under an advisory lock, so that a
 * row is not handled twice side by side; settling it in the handler's commit keeps it right even then.
 */
export function startReplay(options: ReplayOptions): Loop {
  const { log, pool, handle, logger, everyMs = 500, restMs = 30_000 } = options;
  const resting = new Map<string, number>();

  const replay = async (): Promise<boolean> => {
    const now = Date.now();
    for (const [id, until] of resting) if (until < now) resting.delete(id);
    const ready = await log.parked({ status: 'ready', limit: AT_ONCE + resting.size });
    const rows = ready.filter(({ id }) => !resting.has(id)).slice(0, AT_ONCE);
    if (rows.length === 0) return false;
    try {
      await handle(rows);
    } catch (error) {
      if (passesByItself(error)) throw error;
      await oneByOne(rows);
    }
    return rows.length === AT_ONCE;
  };

  const oneByOne = async (rows: readonly ParkedRow[]) => {
    for (const row of rows) {
      try {
        await handle([row]);
      } catch (error) {
        if (passesByItself(error)) throw error;
        resting.set(row.id, Date.now() + restMs);
        const { id, source, stage } = row;
        const fields = { id, source, stage, error: reasonOf(error) };
        logger?.error(fields, 'a replayed message failed again; it stays ready');
      }
    }
  };

  return startLoop(everyMs, logger, 'ready messages not replayed', async () => {
    // Asked without the lock first: there is nearly never one.
    const [any] = await log.parked({ status: 'ready', limit: 1 });
    return any ? underLock(pool, `replay:${log.schema}`, STEPS, replay) : false;
  });
}
