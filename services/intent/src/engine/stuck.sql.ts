import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';
import {
  PARTICIPANT_OVERPAID,
  PARTICIPANT_REFUSED,
  PARTICIPANT_UNKNOWN,
} from './participant-payouts.js';

const atQueryWaiting = crossing('intent.query-waiting');
const atQueryUnresolved = crossing('intent.query-unresolved');
const atUnresolvedMoney = crossing('intent.unresolved-money');

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

/** Of which money may have moved, and nobody can say. */
const IN_DOUBT = `w.why <> 'nothing to do' and w.why in ('unknown outcome', 'contradicted',
  'cancel refused by the gateway', 'money of an unknown payment')`;

/** Those that our log has in doubt, and those that payment-state has; twice the same is once. */
const UNRESOLVED = `
  select w.payment_id, w.since from work w where ${IN_DOUBT}
  union
  select p.payment_id, w.since from payments p join work w using (payment_id)
  where jsonb_array_length(p.state -> 'unresolved') > 0`;

export interface UnresolvedMoney {
  readonly account: string;
  /** `XXX` where nothing was projected yet. */
  readonly currency: string;
  /** Up to which age: `15m`, `1h`, `1d`, `7d`, or `older`. */
  readonly age: string;
  readonly payments: number;
  /** Minor units of the payments' amounts: at most this much is in doubt. */
  readonly minor: string;
}

/** What is in doubt, by account, currency and age. */
export async function selectUnresolvedMoney(pool: Pool): Promise<UnresolvedMoney[]> {
  const { rows } = await atUnresolvedMoney(() =>
    pool.query<UnresolvedMoney>({
      name: 'intent_unresolved_money',
      text: `
      select o.account, coalesce(p.state -> 'terms' -> 'amount' ->> 'currency', 'XXX') as currency,
        case
          when u.since > now() - interval '15 minutes' then '15m'
          when u.since > now() - interval '1 hour' then '1h'
          when u.since > now() - interval '1 day' then '1d'
          when u.since > now() - interval '7 days' then '7d'
          else 'older'
        end as age,
        count(*)::int as payments,
        coalesce(sum((p.state -> 'terms' -> 'amount' ->> 'minor')::numeric), 0)::text as minor
      from (${UNRESOLVED}) u
      join orders o using (payment_id)
      left join payments p using (payment_id)
      group by 1, 2, 3`,
    }),
  );
  return rows;
}

/** Payments in doubt for longer than the limit, the oldest first. */
export async function selectUnresolved(
  pool: Pool,
  limitMs: number,
  most: number,
): Promise<Waiting[]> {
  const { rows } = await atQueryUnresolved(() =>
    pool.query<Waiting>({
      name: 'intent_unresolved',
      text: `
      select w.payment_id as "paymentId", o.storefront, o.order_id as "orderId", o.attempt, o.account,
        p.label, w.why, w.since, w.due_at as "dueAt", o.accepted_at as "acceptedAt"
      from (${UNRESOLVED}) u
      join work w using (payment_id)
      join orders o using (payment_id)
      left join payments p using (payment_id)
      where u.since <= now() - $1 * interval '1 ms'
      order by u.since
      limit $2`,
      values: [limitMs, most],
    }),
  );
  return rows;
}

/**
 * Payments that are not final, or pass a share on in vain, and have been waiting for longer than the limit. A payment the gateway has authorized
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
      where (coalesce(p.final, false) is false or w.why = any ($3))
        and w.since < now() - $1 * interval '1 ms'
        and not (w.why in ('nothing to do', 'held for a capture') and p.label in ('authorized', 'captured', 'partially_captured'))
      order by w.since
      limit $2`,
      values: [limitMs, most, [PARTICIPANT_UNKNOWN, PARTICIPANT_REFUSED, PARTICIPANT_OVERPAID]],
    }),
  );
  return rows;
}
