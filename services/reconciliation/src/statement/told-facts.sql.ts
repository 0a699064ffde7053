import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atRememberTold = crossing('reconciliation.remember-told');

/** Settlement facts that are in our log. They may have come back before this is written. */
export async function rememberTold(
  pool: Pool,
  statementId: string,
  factIds: readonly string[],
): Promise<void> {
  await atRememberTold(() =>
    pool.query(
      `insert into books.settlement_facts (fact_id, statement_id)
     select fact_id, $2 from unnest($1::text[]) as fact_id order by fact_id
     on conflict (fact_id) do update set statement_id = excluded.statement_id`,
      [factIds, statementId],
    ),
  );
}
