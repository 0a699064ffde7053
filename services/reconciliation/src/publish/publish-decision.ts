import type { EventLog } from '@paylog/event-sourcing';
import { declareFailpoints, failpoint } from '@paylog/failpoints';
import type { Pool } from 'pg';
import { loadPostings, setPublished, type Step, STEPS } from '../statement/publications.sql.js';
import { appendAll } from './append-all.js';

declareFailpoints(['reconciliation.published.before', 'reconciliation.published.after']);

export type DecisionLogs = Readonly<Record<Step, EventLog>>;

const AT_ONCE = 200;

/**
 * Brings a frozen decision into the logs: entries, exceptions, and the signed summary last. Every append is idempotent by
 * its key, so after a crash at any await the next process starts over and adds what is missing. Answers whether the
 * statement is closed by it.
 */
export async function publishDecision(
  pool: Pool,
  logs: DecisionLogs,
  statementId: string,
): Promise<boolean> {
  for (const step of Object.keys(STEPS) as Step[]) {
    for (let after = -1; ;) {
      const { postings, last } = await loadPostings(pool, statementId, step, after, AT_ONCE);
      if (postings.length === 0) break;
      await appendAll(pool, logs[step], postings);
      after = last;
    }
  }
  await failpoint('reconciliation.published.before');
  const closed = await setPublished(pool, statementId);
  await failpoint('reconciliation.published.after');
  return closed;
}
