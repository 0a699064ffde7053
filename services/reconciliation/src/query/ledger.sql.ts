import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atQueryBalances = crossing('reconciliation.query-balances');
const atQueryImbalance = crossing('reconciliation.query-imbalance');
const atQueryEntries = crossing('reconciliation.query-entries');

export interface BalanceRow {
  readonly account: string;
  readonly currency: string;
  readonly balance: string;
}

/** Debits less credits of each account and currency, summed over the lanes. */
export async function findBalances(pool: Pool): Promise<BalanceRow[]> {
  const { rows } = await atQueryBalances(() =>
    pool.query<BalanceRow>({
      name: 'balances',
      text: `select account, currency, sum(minor)::text as balance from books.balances
           group by account, currency order by account, currency`,
    }),
  );
  return rows;
}

export interface ImbalanceRow {
  readonly currency: string;
  readonly imbalance: string;
}

/** Debits less credits over all lines there are, not over the balances: it is the check of both. */
export async function findImbalance(pool: Pool): Promise<ImbalanceRow[]> {
  const { rows } = await atQueryImbalance(() =>
    pool.query<ImbalanceRow>({
      name: 'imbalance',
      text: `select currency, sum(case side when 'debit' then minor else -minor end)::text as imbalance
           from books.ledger_lines group by currency order by currency`,
    }),
  );
  return rows;
}

export async function countEntries(pool: Pool): Promise<number> {
  const { rows } = await atQueryEntries(() =>
    pool.query<{ entries: string }>({
      name: 'entries',
      text: `select count(*) as entries from books.entries`,
    }),
  );
  return Number(rows[0]?.entries ?? 0);
}
