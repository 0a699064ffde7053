import type { PaymentState } from '@paylog/contracts';
import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';
import type { DecisionType } from './decide.js';

const atDue = crossing('fulfillment.due');
const atQueryDue = crossing('fulfillment.query-due');

export interface DueRow {
  readonly payment_id: string;
  readonly revision: number;
  readonly state: PaymentState | null;
  readonly caused_by: string | null;
  readonly cancelled_by: string | null;
  /** A message about it is parked here: something may have happened that is not known. */
  readonly parked: boolean;
  /** The last decision about each part, and how many there are: the version of the goods' stream. */
  readonly decided: Readonly<Record<string, DecisionType>> | null;
  readonly decisions: number;
}

/** Payments about which something is new, the longest waiting first, with what was decided; none of those in `resting`. */
export async function duePayments(
  pool: Pool,
  limit: number,
  resting: readonly string[],
): Promise<DueRow[]> {
  const { rows } = await atDue(() =>
    pool.query<DueRow>({
      name: 'due-payments',
      text: `select k.payment_id, k.revision, k.state, k.caused_by, k.cancelled_by,
             exists (select from fulfillment.parked p
                     where p.key = k.payment_id and p.status in ('parked', 'ready')) as parked,
             d.decided, coalesce(d.version, 0) as decisions
           from knowledge k
           left join lateral (
             select json_object_agg(p.part, p.type) as decided, max(p.version) as version
             from (
               select distinct on (r.part) r.part, r.type, r.version
               from (
                 select convert_from(data, 'utf8')::json ->> 'part' as part, type, version
                 from fulfillment.rows where stream = k.payment_id
               ) r order by r.part, r.version desc
             ) p
           ) d on true
           where k.due and k.payment_id <> all($2) order by k.due_since limit $1`,
      values: [limit, resting],
    }),
  );
  return rows;
}

export async function countDue(pool: Pool): Promise<number> {
  const { rows } = await atQueryDue(() =>
    pool.query<{ due: string }>('select count(*) as due from knowledge where due'),
  );
  return Number(rows[0]?.due ?? 0);
}
