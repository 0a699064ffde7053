import { type CallerIdentity, Problem } from '@paylog/http';
import type { Pool } from 'pg';
import { findPayment, type PaymentRow } from './payments.sql.js';

/**
 * The payment as this caller may see it; 404 where it is unknown or another storefront's. Undefined only for a read token's
 * payment of which nothing is known yet: the token says that it will be.
 */
export async function visiblePayment(
  pool: Pool,
  paymentId: string,
  caller: CallerIdentity,
): Promise<PaymentRow | undefined> {
  const row = await findPayment(pool, paymentId);
  if (caller.kind === 'read_token') return row;
  const foreign = caller.storefront !== '*' && row?.storefront !== caller.storefront;
  if (row && !foreign) return row;
  throw Problem.notFound(`No payment ${paymentId} is known here; check the id and the API key.`);
}
