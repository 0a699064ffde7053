import {
  type AppendAnswer,
  type EventLog,
  type FlushOptions,
  LogFault,
} from '@paylog/event-sourcing';
import { declareFailpoints, failpoint } from '@paylog/failpoints';
import type { Pool } from 'pg';
import { findStored, loadBooks } from './books.sql.js';
import { type Change, post, type Postings } from './post.js';

declareFailpoints([
  'reconciliation.books.before',
  'reconciliation.books.after',
  'reconciliation.post.before',
  'reconciliation.post.after',
]);

export type Recorded =
  | {
      readonly outcome: 'committed';
      readonly posted: readonly Change[];
      /** Can't be stored: park them, and record the batch again. */
      readonly unstorable: readonly { readonly change: Change; readonly error: string }[];
    }
  | { readonly outcome: 'fenced' };

/**
 * Another process posted to a payment between our read and our append, this often in a row at most; or a restored backup
 * has books behind a ledger that was imported again, and some of the batch is in it.
 */
const ATTEMPTS_MAX = 20;

/** Posts a batch of events in one commit, together with whatever `options` hold (offset, parked and settled rows). */
export async function record(
  pool: Pool,
  log: EventLog,
  changes: readonly Change[],
  options: FlushOptions,
  now: () => string,
): Promise<Recorded> {
  const ids = [...new Set(changes.map(({ paymentId }) => paymentId))];
  let tried: readonly string[] = [];
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    await failpoint('reconciliation.books.before');
    const books = await loadBooks(pool, ids);
    const stored = new Set(tried.length > 0 ? await findStored(pool, tried) : []);
    await failpoint('reconciliation.books.after');
    const postings = post(books, changes, now(), stored);
    await failpoint('reconciliation.post.before');
    const answers = await log.append(postings.appends, { ...options, effects: postings.effects });
    await failpoint('reconciliation.post.after');
    if (answers.some(({ status }) => status === 'offset_moved')) return { outcome: 'fenced' };
    if (answers.some(({ status }) => status === 'version_conflict')) {
      tried = [...new Set([...tried, ...postings.appends.map(({ key }) => key)])];
      continue;
    }
    return verdict(postings, answers);
  }
  const why = `${ATTEMPTS_MAX} appends in a row met another writer; is a second owner running?`;
  throw new LogFault('contention', true, why);
}

function verdict({ posted }: Postings, answers: readonly AppendAnswer[]): Recorded {
  const unstorable = posted.flatMap((change, i) => {
    const answer = answers[i];
    return answer?.status === 'refused' ? [{ change, error: answer.reason }] : [];
  });
  const appended = posted.filter((_, i) => answers[i]?.status === 'appended');
  return { outcome: 'committed', posted: appended, unstorable };
}
