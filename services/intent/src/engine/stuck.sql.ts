import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atQueryWaiting = crossing('intent.query-waiting');

export interface Waiting {
  readonly paymentId: string;
  readonly storefront: string;
  readonly orderId: string;
  readonly attempt: number;
  readonly account: string;
  readonly label: string | null;
  readonly why: string;
  readonly since: Date;
  readonly dueAt: Date | null;
  readonly acceptedAt: Date;
}

/**
 * Payments that are not final and have been waiting for longer than the limit. A payment the gateway has authorized
 * waits for its storefront, not for us: it is listed only when something of it is open.
 */
export async function selectWaiting(pool: Pool, limitMs: number, most: number): Promise<Waiting[]> {
  const { rows } = await atQueryWaiting(() =>
    pool.query<Waiting>({
      name: 'intent_stuck',
      text: `
      select w.payment_id as "paymentId", o.storefront, o.order_id as "orderId", o.attempt, o.account,
        p.label, w.why, w.since, w.due_at as "dueAt", o.accepted_at as "acceptedAt"
      from work w
      join orders o using (payment_id)
      left join payments p using (payment_id)
      where coalesce(p.final, false) is false
        and w.since < now() - $1 * interval '1 ms'
        and not (w.why in ('nothing to do', 'held for a capture') and p.label in ('authorized', 'captured', 'partially_captured'))
      order by w.since
      limit $2`,
      values: [limitMs, most],
    }),
  );
  return rows;
}
