import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atFactsOpen = crossing('webhook-ingest.facts-open');

/** Do the facts' lanes take appends? They don't until each has been compared with its partition. */
export async function factsOpen(pool: Pool): Promise<boolean> {
  const { rows } = await atFactsOpen(() =>
    pool.query<{ open: boolean }>({
      name: 'facts-open',
      text: `select bool_and(opened or coalesce(opened_for = facts.incarnation(), false)) as open from facts.lanes`,
    }),
  );
  return rows[0]?.open ?? false;
}
