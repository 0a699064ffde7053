import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';
import type { ExceptionData } from '../statement/exceptions.js';

const atQueryExceptions = crossing('reconciliation.query-exceptions');

export interface ExceptionRow {
  readonly data: ExceptionData;
  readonly status: 'open' | 'resolved';
  readonly resolved_at: Date | null;
}

export interface ExceptionFilter {
  readonly status?: 'open' | 'resolved';
  readonly class?: string;
  readonly owner?: string;
  readonly statementId?: string;
  readonly limit: number;
}

/** The oldest first: age is what finance works by. */
export async function findExceptions(pool: Pool, filter: ExceptionFilter): Promise<ExceptionRow[]> {
  const { rows } = await atQueryExceptions(() =>
    pool.query<ExceptionRow>({
      name: 'exceptions',
      text: `select data, status, resolved_at from books.exceptions
           where ($1::text is null or status = $1) and ($2::text is null or class = $2)
             and ($3::text is null or owner = $3) and ($4::text is null or statement_id = $4)
           order by opened_at, exception_id limit $5`,
      values: [
        filter.status ?? null,
        filter.class ?? null,
        filter.owner ?? null,
        filter.statementId ?? null,
        filter.limit,
      ],
    }),
  );
  return rows;
}
