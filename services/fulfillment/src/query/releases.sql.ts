import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atQueryDecisions = crossing('fulfillment.query-decisions');
const atQueryTwice = crossing('fulfillment.query-twice');

export async function countDecisions(
  pool: Pool,
): Promise<{ byType: Record<string, number>; releasedTwice: number }> {
  const types = await atQueryDecisions(() =>
    pool.query<{ type: string; count: string }>(
      'select type, count(*) as count from fulfillment.rows group by type',
    ),
  );
  // Counted from the messages, not from the keys that are meant to prevent it.
  const twice = await atQueryTwice(() =>
    pool.query<{ count: string }>(`
    select count(*) as count from (
      select 1 from fulfillment.rows, lateral (select convert_from(data, 'utf8')::jsonb as message) m
      where type = 'FulfillmentReleased'
      group by m.message ->> 'storefront', m.message ->> 'orderId', m.message ->> 'part'
      having count(*) > 1) as doubled`),
  );
  return {
    byType: Object.fromEntries(types.rows.map(({ type, count }) => [type, Number(count)])),
    releasedTwice: Number(twice.rows[0]?.count ?? 0),
  };
}
