import type { PaymentState } from '@paylog/contracts';
import type { Pool } from 'pg';

export interface DueRow {
  readonly payment_id: string;
  readonly revision: number;
  readonly state: PaymentState | null;
  readonly caused_by: string | null;
  readonly cancelled_by: string | null;
}

/** Payments about which something is new, the longest waiting first. */
export async function duePayments(pool: Pool, limit: number): Promise<DueRow[]> {
  const { rows } = await pool.query<DueRow>({
    name: 'due-payments',
    text: `select payment_id, revision, state, caused_by, cancelled_by
           from knowledge where due order by due_since limit $1`,
    values: [limit],
  });
  return rows;
}

export async function countDue(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ due: string }>(
    'select count(*) as due from knowledge where due',
  );
  return Number(rows[0]?.due ?? 0);
}
