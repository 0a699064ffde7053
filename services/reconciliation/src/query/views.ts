import type { ExceptionRow } from './exceptions.sql.js';
import type { LineRow, StatementRow } from './statements.sql.js';

/** A statement as lists show it; `summary` is the message `StatementClosed`, with its signature, once it is published. */
export function toStatementView(row: StatementRow) {
  return {
    statementId: row.statement_id,
    account: row.account,
    gateway: row.gateway,
    statement: row.statement,
    status: row.status,
    day: row.day,
    createdAt: row.created_at.toISOString(),
    payout: { minor: row.payout, currency: row.currency },
    payoutStatus: row.payout_status,
    revision: row.revision,
    waitingFor: row.waiting_for,
    fileSha256: row.file_sha256,
    exceptions: row.exceptions,
    summary: row.summary,
  };
}

export function toLineView({ number, line, verdict, payment_id, operation }: LineRow) {
  const { kind, category, gatewayObject, balanceTransaction, createdAt, availableAt } = line;
  return {
    number,
    kind,
    category,
    gatewayObject,
    balanceTransaction,
    createdAt,
    availableAt,
    gross: line.gross,
    fee: line.fee,
    net: line.net,
    customerFacing: line.customerFacing,
    /** Null before the decision: `matched`, or the class of its exception. */
    verdict,
    match: payment_id === null ? null : { paymentId: payment_id, operation },
  };
}

export function toExceptionView({ data, status, resolved_at }: ExceptionRow, now: number) {
  const until = resolved_at?.getTime() ?? now;
  const ageSeconds = Math.max(0, Math.floor((until - Date.parse(data.openedAt)) / 1_000));
  return { ...data, status, ageSeconds, resolvedAt: resolved_at?.toISOString() ?? null };
}
