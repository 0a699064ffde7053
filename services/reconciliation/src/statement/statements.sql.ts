import { crossing } from '@paylog/failpoints';
import type { LineProblem, Payout, SettlementLine } from '@paylog/gateways';
import type { Pool, PoolClient } from 'pg';
import { exactNames, referenceNames } from './names.js';
import { type Statement, statementIdOf } from './statement.js';
import { toStoredLine } from './stored-line.js';

const atAnnounce = crossing('reconciliation.announce');
const atAnnounced = crossing('reconciliation.announced');
const atStaged = crossing('reconciliation.staged');
const atOpenSince = crossing('reconciliation.open-since');
const atWaiting = crossing('reconciliation.waiting');

export type Status = 'announced' | 'staged' | 'stopped' | 'decided' | 'closed';

/** Writes down that a payout exists. What is closed stays as it is. */
export async function announce(
  pool: Pool,
  account: string,
  gateway: string,
  payout: Payout,
): Promise<{ readonly statementId: string; readonly status: Status; readonly retry: boolean }> {
  const statementId = statementIdOf(account, payout.statement);
  const { amount, status, createdAt } = payout;
  await atAnnounce(() =>
    pool.query(
      `insert into books.statements as held
       (statement_id, account, gateway, statement, currency, payout, payout_status, created_at, day)
     values ($1, $2, $3, $4, $5, $6, $7, $8, ($8::timestamptz at time zone 'UTC')::date)
     on conflict (statement_id) do update set payout_status = excluded.payout_status
     where held.status <> 'closed' and held.payout_status <> excluded.payout_status`,
      [
        statementId,
        account,
        gateway,
        payout.statement,
        amount.currency,
        String(amount.minor),
        status,
        createdAt,
      ],
    ),
  );
  const { rows } = await atAnnounced(() =>
    pool.query<{ status: Status; retry: boolean }>(
      `select status, status = 'stopped' and staged_at < now() - interval '10 minutes' as retry
     from books.statements where statement_id = $1`,
      [statementId],
    ),
  );
  return { statementId, status: rows[0]?.status ?? 'announced', retry: rows[0]?.retry ?? false };
}

const AT_ONCE = 500;

/**
 * Reads a report's lines of one statement into the table, whole or not at all. Again is harmless until the statement is
 * decided. Answers false when it is.
 */
export async function stage(
  client: PoolClient,
  statement: { readonly statementId: string; readonly statement: string },
  fileSha256: string,
  rows: AsyncIterable<SettlementLine | LineProblem>,
): Promise<boolean> {
  const { statementId } = statement;
  const locked = await client.query(
    `select from books.statements
     where statement_id = $1 and status in ('announced', 'staged', 'stopped') for update`,
    [statementId],
  );
  if (locked.rowCount === 0) return false;
  await client.query(`delete from books.statement_lines where statement_id = $1`, [statementId]);
  await client.query(`delete from books.line_problems where statement_id = $1`, [statementId]);
  let lines: SettlementLine[] = [];
  for await (const row of rows) {
    if (row.result === 'problem') {
      // A row that doesn't even say whose it is may be anybody's.
      if ((row.statement ?? statement.statement) === statement.statement) {
        await insertProblem(client, statementId, row);
      }
      continue;
    }
    if (row.statement !== statement.statement) continue;
    lines.push(row);
    if (lines.length < AT_ONCE) continue;
    await insertLines(client, statementId, lines);
    lines = [];
  }
  await insertLines(client, statementId, lines);
  await client.query(
    `update books.statements set status = 'staged', file_sha256 = $2, staged_at = clock_timestamp(),
       waiting_for = null
     where statement_id = $1`,
    [statementId, fileSha256],
  );
  return true;
}

async function insertLines(
  client: PoolClient,
  statementId: string,
  lines: readonly SettlementLine[],
): Promise<void> {
  if (lines.length === 0) return;
  const rows = lines.map((line) => ({
    number: line.number,
    kind: line.kind,
    line: toStoredLine(line),
    names: [...new Set([...exactNames(line), ...referenceNames(line)])],
  }));
  await client.query(
    `insert into books.statement_lines (statement_id, number, kind, line, names)
     select $1, r.number, r.kind, r.line, r.names
     from jsonb_to_recordset($2) as r(number int, kind text, line jsonb, names text[])`,
    [statementId, JSON.stringify(rows)],
  );
}

async function insertProblem(
  client: PoolClient,
  statementId: string,
  problem: LineProblem,
): Promise<void> {
  await client.query(
    `insert into books.line_problems (statement_id, number, problem) values ($1, $2, $3)
     on conflict do nothing`,
    [statementId, problem.number, JSON.stringify(problem)],
  );
}

/** Staged statements of an account, the oldest first. */
export async function stagedStatements(pool: Pool, account: string): Promise<string[]> {
  const { rows } = await atStaged(() =>
    pool.query<{ statement_id: string }>(
      `select statement_id from books.statements where account = $1 and status = 'staged'
     order by created_at, statement_id`,
      [account],
    ),
  );
  return rows.map(({ statement_id }) => statement_id);
}

/** Since when payouts must be listed: the oldest that is not closed, and never less than `days`. */
export async function openSince(pool: Pool, account: string, days: number): Promise<string> {
  const { rows } = await atOpenSince(() =>
    pool.query<{ since: Date }>(
      `select least(now() - make_interval(days => $2), min(created_at)) as since
     from books.statements
     where account = $1 and status <> 'closed' and payout_status not in ('failed', 'canceled')`,
      [account, days],
    ),
  );
  return (rows[0]?.since ?? new Date()).toISOString();
}

export interface StagedStatement extends Statement {
  readonly fileSha256: string;
  readonly graceOver: boolean;
}

/** Locks a staged statement until the end of the transaction. Undefined when it is staged no longer. */
export async function lockStaged(
  client: PoolClient,
  statementId: string,
  graceMs: number,
): Promise<StagedStatement | undefined> {
  const { rows } = await client.query<{
    account: string;
    gateway: string;
    statement: string;
    currency: string;
    payout: string;
    created_at: Date;
    revision: number;
    file_sha256: string;
    grace_over: boolean;
  }>(
    `select account, gateway, statement, currency, payout, created_at, revision, file_sha256,
       staged_at + $2 * interval '1 millisecond' <= clock_timestamp() as grace_over
     from books.statements where statement_id = $1 and status = 'staged' for update`,
    [statementId, graceMs],
  );
  const row = rows[0];
  return (
    row && {
      statementId,
      account: row.account,
      gateway: row.gateway,
      statement: row.statement,
      payout: { minor: BigInt(row.payout), currency: row.currency },
      createdAt: row.created_at.toISOString(),
      revision: row.revision,
      fileSha256: row.file_sha256,
      graceOver: row.grace_over,
    }
  );
}

export async function setWaiting(pool: Pool, statementId: string, reason: string): Promise<void> {
  await atWaiting(() =>
    pool.query(
      `update books.statements set waiting_for = $2
     where statement_id = $1 and status = 'staged' and waiting_for is distinct from $2`,
      [statementId, reason],
    ),
  );
}
