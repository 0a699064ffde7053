import type { LogRow } from '@paylog/event-sourcing';
import type { PoolClient } from 'pg';
import { fromRow } from '../publish/rows.js';

/** Rows that came back from the topic (a restored backup): what is derived from them is made again. */
export async function deriveFrom(client: PoolClient, rows: readonly LogRow[]): Promise<void> {
  for (const row of rows) {
    const { message } = fromRow(row);
    if (message.type !== 'IntentAccepted') continue;
    const { storefront, orderId, attempt, account, at } = message.data.fact;
    await client.query(
      `insert into public.orders (payment_id, storefront, order_id, attempt, account, accepted_at)
       values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
      [row.stream, storefront, orderId, attempt, account, at],
    );
  }
  await client.query(
    `insert into public.work as w (payment_id, due_at)
     select s.payment_id, now() from unnest($1::text[]) as s(payment_id)
     where exists (select from public.orders o where o.payment_id = s.payment_id)
     order by 1
     on conflict (payment_id) do update set due_at = now(), touches = w.touches + 1`,
    [[...new Set(rows.map((row) => row.stream))]],
  );
}
