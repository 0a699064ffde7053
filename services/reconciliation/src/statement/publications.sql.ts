import { encode, RECONCILIATION_RESULTS, stableId } from '@paylog/contracts';
import type { NewRow } from '@paylog/event-sourcing';
import { crossing } from '@paylog/failpoints';
import type { Pool, PoolClient } from 'pg';
import { type EntryPosted, toRow } from '../ledger/entry.js';
import type { Posting } from '../publish/append-all.js';
import type { KeyedEntries } from './decide.js';
import { type ExceptionData, exceptionRow } from './exceptions.js';
import type { StatementClosed } from './signature.js';

const atUnpublished = crossing('reconciliation.unpublished');
const atLoadPostings = crossing('reconciliation.load-postings');

/** The order in which a decision is published. The summary comes last: who reads it finds all the rest. */
export const STEPS = { ledger: 1, exceptions: 2, results: 3 } as const;
export type Step = keyof typeof STEPS;

type StoredRow = Omit<NewRow, 'data'> & { readonly data: string };

interface Publication {
  readonly step: number;
  readonly number: number;
  readonly stream: string;
  readonly key: string;
  readonly rows: readonly StoredRow[];
}

export function ledgerPublications(
  statementId: string,
  entries: readonly KeyedEntries[],
  at: string,
): readonly Publication[] {
  return entries.map((keyed, number) => ({
    step: STEPS.ledger,
    number,
    stream: statementId,
    key: keyed.key,
    rows: keyed.entries.map((entry) => toStoredRow(toRow(entry, at))),
  }));
}

export function exceptionPublications(
  news: readonly {
    readonly type: 'ExceptionOpened' | 'ExceptionResolved';
    readonly data: ExceptionData;
  }[],
  statementId: string,
  at: string,
): readonly Publication[] {
  return news.map(({ type, data }, number) => ({
    step: STEPS.exceptions,
    number,
    stream: data.paymentId ?? data.statementId ?? statementId,
    key: `${type}/${data.exceptionId}`,
    rows: [toStoredRow(exceptionRow(type, data, at))],
  }));
}

export function resultPublication(summary: StatementClosed): Publication {
  const { statementId, revision, closedAt } = summary;
  return {
    step: STEPS.results,
    number: 0,
    stream: statementId,
    key: `closed/${statementId}/${revision}`,
    rows: [
      toStoredRow({
        id: stableId('evt', 'StatementClosed', statementId, String(revision)),
        type: 'StatementClosed',
        schemaVersion: 1,
        source: 'reconciliation',
        time: closedAt,
        data: encode(RECONCILIATION_RESULTS, 'StatementClosed', summary),
        correlationId: statementId,
      }),
    ],
  };
}

export async function insertPublications(
  client: PoolClient,
  statementId: string,
  publications: readonly Publication[],
): Promise<void> {
  await client.query(
    `insert into books.publications (statement_id, step, number, stream, key, rows)
     select $1, p.step, p.number, p.stream, p.key, p.rows
     from jsonb_to_recordset($2) as p(step int, number int, stream text, key text, rows jsonb)`,
    [statementId, JSON.stringify(publications)],
  );
}

/** Statements of an account that have something to publish. */
export async function unpublished(pool: Pool, account: string): Promise<string[]> {
  const { rows } = await atUnpublished(() =>
    pool.query<{ statement_id: string }>(
      `select s.statement_id from books.statements s
     where s.account = $1 and s.status in ('decided', 'stopped')
       and (s.status = 'decided'
         or exists (select from books.publications p where p.statement_id = s.statement_id))
     order by s.created_at, s.statement_id`,
      [account],
    ),
  );
  return rows.map(({ statement_id }) => statement_id);
}

export async function loadPostings(
  pool: Pool,
  statementId: string,
  step: Step,
  after: number,
  limit: number,
): Promise<{ readonly postings: readonly Posting[]; readonly last: number }> {
  const { rows } = await atLoadPostings(() =>
    pool.query<Publication>(
      `select step, number, stream, key, rows from books.publications
     where statement_id = $1 and step = $2 and number > $3 order by number limit $4`,
      [statementId, STEPS[step], after, limit],
    ),
  );
  return {
    last: rows.at(-1)?.number ?? after,
    postings: rows.map(({ stream, key, rows: stored }) => ({
      stream,
      key,
      rows: stored.map((row) => ({ ...row, data: Buffer.from(row.data, 'utf8') })),
      // What the ledger's projection keeps is what the message says.
      ...(step === 'ledger' && {
        effects: { entries: stored.map(({ data }) => JSON.parse(data) as EntryPosted) },
      }),
    })),
  };
}

/** Everything is in the logs. Answers whether the statement is closed by that. */
export async function setPublished(pool: Pool, statementId: string): Promise<boolean> {
  const { rows } = await pool.query<{ closed: boolean }>(
    `with done as (delete from books.publications where statement_id = $1),
     closed as (update books.statements set status = 'closed'
       where statement_id = $1 and status = 'decided' returning statement_id)
     select exists (select from closed) as closed`,
    [statementId],
  );
  return rows[0]?.closed ?? false;
}

function toStoredRow(row: NewRow): StoredRow {
  return { ...row, data: row.data.toString('utf8') };
}
