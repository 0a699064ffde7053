import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';
import type { StatementClosed } from '../statement/signature.js';
import type { Status } from '../statement/statements.sql.js';
import type { StoredLine } from '../statement/stored-line.js';

const atQueryStatements = crossing('reconciliation.query-statements');
const atQueryStatement = crossing('reconciliation.query-statement');
const atQueryLines = crossing('reconciliation.query-lines');

export interface StatementRow {
  readonly statement_id: string;
  readonly account: string;
  readonly gateway: string;
  readonly statement: string;
  readonly currency: string;
  readonly payout: string;
  readonly payout_status: string;
  readonly created_at: Date;
  readonly day: string;
  readonly status: Status;
  readonly revision: number;
  readonly waiting_for: string | null;
  readonly file_sha256: string | null;
  readonly summary: StatementClosed | null;
  readonly exceptions: number;
}

const COLUMNS = `s.statement_id, s.account, s.gateway, s.statement, s.currency, s.payout, s.payout_status,
  s.created_at, to_char(s.day, 'YYYY-MM-DD') as day, s.status, s.revision, s.waiting_for, s.file_sha256,
  case when s.status = 'closed' then s.summary end as summary,
  (select count(*)::int from books.exceptions e where e.statement_id = s.statement_id) as exceptions`;

export interface StatementFilter {
  readonly account?: string;
  readonly status?: Status;
  readonly day?: string;
  readonly limit: number;
}

/** The newest first. */
export async function findStatements(pool: Pool, filter: StatementFilter): Promise<StatementRow[]> {
  const { account, status, day, limit } = filter;
  const { rows } = await atQueryStatements(() =>
    pool.query<StatementRow>({
      name: 'statements',
      text: `select ${COLUMNS} from books.statements s
           where ($1::text is null or s.account = $1) and ($2::text is null or s.status = $2)
             and ($3::date is null or s.day = $3)
           order by s.created_at desc, s.statement_id limit $4`,
      values: [account ?? null, status ?? null, day ?? null, limit],
    }),
  );
  return rows;
}

export async function findStatement(
  pool: Pool,
  statementId: string,
): Promise<StatementRow | undefined> {
  const { rows } = await atQueryStatement(() =>
    pool.query<StatementRow>({
      name: 'statement',
      text: `select ${COLUMNS} from books.statements s where s.statement_id = $1`,
      values: [statementId],
    }),
  );
  return rows[0];
}

export interface LineRow {
  readonly number: number;
  readonly line: StoredLine;
  readonly verdict: string | null;
  readonly payment_id: string | null;
  readonly operation: string | null;
}

export async function findLines(
  pool: Pool,
  statementId: string,
  after: number,
  limit: number,
): Promise<LineRow[]> {
  const { rows } = await atQueryLines(() =>
    pool.query<LineRow>({
      name: 'statement-lines',
      text: `select number, line, verdict, payment_id, operation from books.statement_lines
           where statement_id = $1 and number > $2 order by number limit $3`,
      values: [statementId, after, limit],
    }),
  );
  return rows;
}
