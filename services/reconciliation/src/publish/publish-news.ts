import { crossing } from '@paylog/failpoints';
import type { EventLog } from '@paylog/event-sourcing';
import type { Logger } from '@paylog/observability';
import type { Pool } from 'pg';
import { type ExceptionData, exceptionRow } from '../statement/exceptions.js';
import { appendAll } from './append-all.js';

const atNews = crossing('reconciliation.news');

interface News {
  readonly key: string;
  readonly type: 'ExceptionOpened' | 'ExceptionResolved';
  readonly data: ExceptionData;
  readonly at: Date;
}

const AT_ONCE = 200;

/**
 * Brings exceptions that events opened or resolved into their log. By key, so whoever died in between, or does it at the
 * same time, appends nothing twice. Answers whether there may be more.
 */
export function publishNews(pool: Pool, log: EventLog, logger: Logger): Promise<boolean> {
  return atNews(() => publishSome(pool, log, logger));
}

async function publishSome(pool: Pool, log: EventLog, logger: Logger): Promise<boolean> {
  const { rows } = await pool.query<News>(
    'select key, type, data, at from books.exception_news order by at, key limit $1',
    [AT_ONCE],
  );
  if (rows.length === 0) return false;
  const postings = rows.map(({ key, type, data, at }) => ({
    stream: data.paymentId ?? data.exceptionId,
    key,
    rows: [exceptionRow(type, data, at.toISOString())],
  }));
  await appendAll(pool, log, postings);
  await pool.query('delete from books.exception_news where key = any ($1)', [
    rows.map(({ key }) => key),
  ]);
  for (const { type, data } of rows) {
    const { exceptionId, class: name, gatewayObject, paymentId } = data;
    logger.warn(
      { type, exceptionId, class: name, gatewayObject, paymentId },
      'exception published',
    );
  }
  return rows.length === AT_ONCE;
}
