import { crossing } from '@paylog/failpoints';
import { type Loop, startLoop } from '@paylog/kafka';
import type { Logger } from '@paylog/observability';
import { underLock } from '@paylog/postgres';
import type { Pool } from 'pg';

const atImportLock = crossing('reconciliation.import-lock');
const atImportUnlock = crossing('reconciliation.import-unlock');
const STEPS = { atLock: atImportLock, atUnlock: atImportUnlock };

export interface ImportLoop extends Loop {
  /** The last round ended without a fault, or another process does the rounds. */
  healthy(): boolean;
}

export interface ImportLoopOptions {
  readonly pool: Pool;
  /** Names the lock: one process at a time per account. */
  readonly account: string;
  readonly everyMs: number;
  readonly round: () => Promise<void>;
  readonly logger: Logger;
}

/**
 * Rounds, one after the other, by whichever process holds the account's lock. It only saves work: what keeps two
 * importers apart for certain are row locks and unique keys.
 */
export function startImportLoop(options: ImportLoopOptions): ImportLoop {
  const { pool, account, everyMs, round, logger } = options;
  let failed = false;
  const complaint = `statements of ${account} are not up to date`;
  const { stop } = startLoop(everyMs, logger, complaint, async () => {
    const done = underLock(pool, `statements:${account}`, STEPS, async () => {
      await round();
      return false;
    });
    failed = await done.then(
      () => false,
      () => true,
    );
    return done;
  });
  return { stop, healthy: () => !failed };
}
