import type { PoolClient } from 'pg';
import type { Decision, JudgedLine } from './decide.js';
import { type Exception, type ExceptionData, STOPPING } from './exceptions.js';
import {
  exceptionPublications,
  insertPublications,
  ledgerPublications,
  resultPublication,
} from './publications.sql.js';
import type { Statement } from './statement.js';

type Closed = Extract<Decision, { outcome: 'closed' }>;
type Stopped = Extract<Decision, { outcome: 'stopped' }>;

/** Freezes a decision, with everything that it will publish: from here on only publishing is left, however often. */
export async function saveClosed(
  client: PoolClient,
  { statementId }: Statement,
  decision: Closed,
  at: string,
): Promise<void> {
  await saveVerdicts(client, statementId, decision.judged);
  await saveExceptions(client, statementId, decision.exceptions);
  const resolved = await resolve(client, statementId, decision.found, at);
  await client.query(
    `update books.statements set status = 'decided', decided_at = $2, summary = $3, waiting_for = null
     where statement_id = $1`,
    [statementId, at, JSON.stringify(decision.summary)],
  );
  await insertPublications(client, statementId, [
    ...ledgerPublications(statementId, decision.entries, at),
    ...exceptionPublications([...openedBy(decision), ...resolved], statementId, at),
    resultPublication(decision.summary),
  ]);
}

/** The statement stays open: only its exceptions are published. */
export async function saveStopped(
  client: PoolClient,
  { statementId }: Statement,
  decision: Stopped,
  at: string,
): Promise<void> {
  await saveExceptions(client, statementId, decision.exceptions);
  await client.query(
    `update books.statements set status = 'stopped', waiting_for = 'its exceptions to be resolved'
     where statement_id = $1`,
    [statementId],
  );
  const publications = exceptionPublications(openedBy(decision), statementId, at);
  await insertPublications(client, statementId, publications);
}

const openedBy = ({ exceptions }: Decision) =>
  exceptions.map(({ data }) => ({ type: 'ExceptionOpened' as const, data }));

async function saveVerdicts(
  client: PoolClient,
  statementId: string,
  judged: readonly JudgedLine[],
): Promise<void> {
  const rows = judged.map(({ line, claim, finding }) => ({
    number: line.number,
    verdict: finding?.class ?? 'matched',
    paymentId: claim?.paymentId,
    operation: claim?.operation,
    kind: claim?.kind,
  }));
  const json = JSON.stringify(rows);
  await client.query(
    `update books.statement_lines l
     set verdict = r.verdict, payment_id = r."paymentId", operation = r.operation
     from jsonb_to_recordset($2) as r(number int, verdict text, "paymentId" text, operation text)
     where l.statement_id = $1 and l.number = r.number`,
    [statementId, json],
  );
  // Unique on both sides: a second claim of either is an error, and nothing of this decision is stored.
  await client.query(
    `insert into books.claims (payment_id, operation, kind, statement_id, number)
     select r."paymentId", r.operation, r.kind, $1, r.number
     from jsonb_to_recordset($2) as r(number int, "paymentId" text, operation text, kind text)
     where r.operation is not null order by 1, 2, 3`,
    [statementId, json],
  );
}

async function saveExceptions(
  client: PoolClient,
  statementId: string,
  exceptions: readonly Exception[],
): Promise<void> {
  const rows = exceptions.map(({ data, claim }) => ({
    id: data.exceptionId,
    class: data.class,
    owner: data.owner,
    openedAt: data.openedAt,
    paymentId: claim?.paymentId ?? data.paymentId,
    operation: claim?.operation,
    kind: claim?.kind,
    data,
  }));
  await client.query(
    `insert into books.exceptions as held (exception_id, statement_id, class, owner, opened_at, payment_id,
       operation, kind, data)
     select r.id, $1, r.class, r.owner, r."openedAt", r."paymentId", r.operation, r.kind, r.data
     from jsonb_to_recordset($2) as r(id text, class text, owner text, "openedAt" timestamptz,
       "paymentId" text, operation text, kind text, data jsonb)
     on conflict (exception_id) do update
       set statement_id = coalesce(held.statement_id, excluded.statement_id)`,
    [statementId, JSON.stringify(rows)],
  );
}

/** What kept this statement from closing is over, and so is what it found of earlier ones. */
async function resolve(
  client: PoolClient,
  statementId: string,
  found: readonly string[],
  at: string,
) {
  const { rows } = await client.query<{ data: ExceptionData }>(
    `update books.exceptions set status = 'resolved', resolved_at = $4
     where status = 'open'
       and (exception_id = any ($2) or (statement_id = $1 and class = any ($3)))
     returning data`,
    [statementId, found, STOPPING, at],
  );
  return rows
    .map(({ data }) => ({
      type: 'ExceptionResolved' as const,
      data: { ...data, note: `explained by statement ${statementId}` },
    }))
    .sort((a, b) => (a.data.exceptionId < b.data.exceptionId ? -1 : 1));
}
