import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';
import type { Proof } from '../../ingest/to-proof.js';

const atQueryProofs = crossing('payment-state.query-proofs');

/** What vouches for these payments, oldest first. */
export async function proofsOf(pool: Pool, paymentIds: readonly string[]): Promise<Proof[]> {
  const { rows } = await atQueryProofs(() =>
    pool.query<Proof>({
      name: 'proofs-of-payments',
      text: `select message_id as id, payment_id as "paymentId", type, time, detail
           from proofs.messages where payment_id = any ($1) order by time, message_id`,
      values: [paymentIds],
    }),
  );
  return rows;
}
