import type { PaymentState } from '@paylog/contracts';
import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atQueryPayment = crossing('payment-state.query-payment');
const atQueryOrder = crossing('payment-state.query-order');
const atQueryEvents = crossing('payment-state.query-events');

export interface PaymentRow {
  readonly payment_id: string;
  readonly version: number;
  readonly storefront: string | null;
  readonly state: PaymentState;
}

export async function findPayment(pool: Pool, paymentId: string): Promise<PaymentRow | undefined> {
  const { rows } = await atQueryPayment(() =>
    pool.query<PaymentRow>({
      name: 'payment-by-id',
      text: `select payment_id, version, storefront, state from query.payments where payment_id = $1`,
      values: [paymentId],
    }),
  );
  return rows[0];
}

/** All attempts of an order, the first one first. `storefront` null asks for every storefront's. */
export async function findByOrder(
  pool: Pool,
  orderId: string,
  storefront: string | null,
): Promise<PaymentRow[]> {
  const { rows } = await atQueryOrder(() =>
    pool.query<PaymentRow>({
      name: 'payments-by-order',
      text: `select payment_id, version, storefront, state from query.payments
           where order_id = $1 and ($2::text is null or storefront = $2)
           order by storefront, attempt limit 100`,
      values: [orderId, storefront],
    }),
  );
  return rows;
}

export interface EventRow {
  readonly stream: string;
  readonly version: number;
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly data: Buffer;
}

/** Events of several payments, each after the version that its reader has. */
export async function eventsAfter(
  pool: Pool,
  after: ReadonlyMap<string, number>,
): Promise<EventRow[]> {
  const { rows } = await atQueryEvents(() =>
    pool.query<EventRow>({
      name: 'payment-events-after',
      text: `select r.stream, r.version, r.id, r.type, r.time, r.data
           from unnest($1::text[], $2::int[]) as seen(stream, version)
           join payments.rows r on r.stream = seen.stream and r.version > seen.version
           order by r.stream, r.version limit 2000`,
      values: [[...after.keys()], [...after.values()]],
    }),
  );
  return rows;
}
