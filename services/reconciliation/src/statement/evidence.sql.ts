import type { LineProblem, SettlementLine } from '@paylog/gateways';
import type { PoolClient } from 'pg';
import type { ExpectedKind, Standing } from '../ledger/expectations.js';
import type { Candidate } from './match.js';
import type { Statement } from './statement.js';
import { fromStoredLine, type StoredLine } from './stored-line.js';

interface OperationRow {
  readonly payment_id: string;
  readonly operation: string;
  readonly kind: ExpectedKind;
  readonly standing: Standing;
  readonly minor: string;
  readonly currency: string;
  readonly gateway_object: string;
  readonly ids: string[];
  readonly names: string[];
  readonly occurred_at: Date;
  readonly claimed: boolean;
  readonly unclaimed: boolean;
  readonly missed_as: string | null;
}

/** What was found of a payment before it was adopted is written down under the found one's id. */
const ITS_PAYMENTS = `(select o.payment_id union all select f.payment_id from books.payments f
  where f.book ->> 'adoptedInto' = o.payment_id and f.book ? 'adoptedInto')`;
/** An operation may since have got a better name; what was claimed under an older one is claimed. */
const CLAIMED = `exists (select from books.claims c
  where c.payment_id in ${ITS_PAYMENTS} and c.kind = o.kind
    and (c.operation = o.operation or c.operation = any (o.ids)))`;
const UNCLAIMED = `exists (select from books.payments p
  where p.payment_id = o.payment_id and p.book ? 'found')`;
const MISSED_AS = `(select e.exception_id from books.exceptions e
  where e.payment_id in ${ITS_PAYMENTS} and e.kind = o.kind and e.status = 'open'
    and e.class = 'missing_at_psp' and (e.operation = o.operation or e.operation = any (o.ids))
  limit 1)`;
const COLUMNS = `o.payment_id, o.operation, o.kind, o.standing, o.minor, o.currency, o.gateway_object,
  o.ids, o.names, o.occurred_at, ${CLAIMED} as claimed, ${UNCLAIMED} as unclaimed,
  ${MISSED_AS} as missed_as`;

/** Older ones were judged by an earlier statement: claimed, or an exception. */
const DUE_WINDOW_DAYS = 90;

export async function loadLines(
  client: PoolClient,
  statementId: string,
): Promise<readonly SettlementLine[]> {
  const { rows } = await client.query<{ line: StoredLine }>(
    `select line from books.statement_lines where statement_id = $1 order by number`,
    [statementId],
  );
  return rows.map(({ line }) => fromStoredLine(line));
}

export async function loadProblems(
  client: PoolClient,
  statementId: string,
): Promise<readonly LineProblem[]> {
  const { rows } = await client.query<{ problem: LineProblem }>(
    `select problem from books.line_problems where statement_id = $1 order by number`,
    [statementId],
  );
  return rows.map(({ problem }) => problem);
}

/** Operations of the account that lines of the statement name, by whatever id. */
export async function loadCandidates(
  client: PoolClient,
  { statementId, account }: Statement,
): Promise<readonly Candidate[]> {
  const { rows } = await client.query<OperationRow>(
    `with named as materialized (
       select distinct o.payment_id, o.operation, o.kind
       from books.statement_lines l
       join books.operations o on o.names && l.names and o.kind = l.kind
       where l.statement_id = $1 and o.account = $2
     )
     select ${COLUMNS} from named join books.operations o using (payment_id, operation, kind)`,
    [statementId, account],
  );
  return rows.map(toCandidate);
}

/**
 * What should be in this statement at the latest: happened (T+n) before its cut-off, in no statement so far. The gateway
 * counts in whole seconds, so what happened in the cut-off's own second belongs to the next one. A payout holds what was
 * paid in its own currency, and in others as far as its lines show that they are converted into it (`currencies`). While
 * an earlier payout's lines are not known, or the operation may be a line of a statement that is still open, nobody can
 * say that it is missing.
 */
export async function loadDue(
  client: PoolClient,
  { statementId, account, createdAt, payout }: Statement,
  dueDays: number,
  currencies: readonly string[],
): Promise<readonly Candidate[]> {
  const { rows } = await client.query<OperationRow>(
    `select ${COLUMNS} from books.operations o
     where o.account = $2 and o.standing = 'due' and o.currency = any ($6)
       and date_trunc('second', o.occurred_at) + make_interval(days => $3) < $4::timestamptz
       and o.occurred_at > $4::timestamptz - make_interval(days => $3 + $5)
       and not ${CLAIMED}
       and not exists (select from books.exceptions e
         where e.payment_id in ${ITS_PAYMENTS} and e.kind = o.kind and e.class = 'missing_at_psp'
           and (e.operation = o.operation or e.operation = any (o.ids)))
       and not exists (select from books.statements s
         where s.account = $2 and s.status = 'announced' and s.created_at < $4::timestamptz
           and s.currency = $7 and s.payout_status not in ('failed', 'canceled'))
       and not exists (select from books.statements s join books.statement_lines l using (statement_id)
         where s.account = $2 and s.status in ('staged', 'stopped') and s.statement_id <> $1
           and l.kind = o.kind and l.names && o.names)
     order by o.gateway_object, o.payment_id, o.operation, o.kind`,
    [
      statementId,
      account,
      dueDays,
      createdAt,
      DUE_WINDOW_DAYS,
      [...new Set([payout.currency, ...currencies])],
      payout.currency,
    ],
  );
  return rows.map(toCandidate);
}

/** Those payments of ours, among the given, of which no fact has told a capture. */
export async function uncaptured(
  client: PoolClient,
  account: string,
  paymentIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ payment_id: string }>(
    `select p.payment_id from books.payments p
     where p.payment_id = any ($1) and p.account = $2 and not exists (
       select from books.operations o where o.payment_id = p.payment_id and o.kind = 'capture')`,
    [paymentIds, account],
  );
  return new Set(rows.map(({ payment_id }) => payment_id));
}

/** Payments of the account that the names lead to: their own ids, charges and containers. The smallest id of several. */
export async function ownersOf(
  client: PoolClient,
  account: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ name: string; payment_id: string }>(
    `select name, min(payment_id) as payment_id from (
       select n.name, o.payment_id from unnest($2::text[]) as n(name)
       join books.operations o on o.names @> array[n.name] and o.kind = 'capture' and o.account = $1
       union all
       select p.payment_id, p.payment_id from books.payments p
       where p.payment_id = any ($2) and p.account = $1
     ) as led group by name`,
    [account, names],
  );
  return new Map(rows.map(({ name, payment_id }) => [name, payment_id]));
}

/** Settlement facts of ours: true once they came back as events. */
export async function toldFacts(
  client: PoolClient,
  factIds: readonly string[],
): Promise<ReadonlyMap<string, boolean>> {
  const { rows } = await client.query<{ fact_id: string; heard: boolean }>(
    `select fact_id, heard_at is not null as heard from books.settlement_facts
     where fact_id = any ($1)`,
    [factIds],
  );
  return new Map(rows.map(({ fact_id, heard }) => [fact_id, heard]));
}

function toCandidate(row: OperationRow): Candidate {
  return {
    paymentId: row.payment_id,
    operation: row.operation,
    kind: row.kind,
    standing: row.standing,
    amount: { minor: BigInt(row.minor), currency: row.currency },
    gatewayObject: row.gateway_object,
    ids: row.ids,
    names: row.names,
    occurredAt: row.occurred_at.toISOString(),
    claimed: row.claimed,
    ...(row.unclaimed && { unclaimed: true as const }),
    ...(row.missed_as !== null && { missedAs: row.missed_as }),
  };
}
