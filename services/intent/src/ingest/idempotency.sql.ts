import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atFindRequest = crossing('intent.find-request');
const atClaimKey = crossing('intent.claim-key');
const atTakeOver = crossing('intent.take-over');

export interface StoredRequest {
  readonly digest: string;
  readonly paymentId: string;
  /** Null while the first request is being answered. */
  readonly status: number | null;
  readonly answer: unknown;
  readonly lockedUntil: Date;
  readonly createdAt: Date;
}

/** What goes into the same append as the request's effect. */
export interface NewStoredRequest {
  readonly storefront: string;
  readonly key: string;
  readonly digest: string;
  readonly status: number | null;
  readonly answer: unknown;
  readonly lockedUntil: string;
}

export async function selectRequest(
  pool: Pool,
  storefront: string,
  key: string,
): Promise<StoredRequest | undefined> {
  const { rows } = await atFindRequest(() =>
    pool.query<StoredRequest>({
      name: 'intent_request',
      text: `
      select digest, payment_id as "paymentId", status, answer, locked_until as "lockedUntil",
        created_at as "createdAt"
      from idempotency where storefront = $1 and key = $2`,
      values: [storefront, key],
    }),
  );
  return rows[0];
}

/** For requests that leave nothing in the log. False when another request has the key. */
export async function insertRequest(
  pool: Pool,
  paymentId: string,
  request: NewStoredRequest,
): Promise<boolean> {
  const { rowCount } = await atClaimKey(() =>
    pool.query({
      name: 'intent_request_insert',
      text: `
      insert into idempotency (storefront, key, digest, payment_id, status, answer, locked_until)
      values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
      values: [
        request.storefront,
        request.key,
        request.digest,
        paymentId,
        request.status,
        request.answer === undefined ? null : JSON.stringify(request.answer),
        request.lockedUntil,
      ],
    }),
  );
  return rowCount === 1;
}

/** One caller a time answers a key. False: somebody else does, or has. */
export async function takeOverRequest(
  pool: Pool,
  storefront: string,
  key: string,
  lockMs: number,
): Promise<boolean> {
  const { rowCount } = await atTakeOver(() =>
    pool.query({
      name: 'intent_request_take_over',
      text: `
      update idempotency set locked_until = now() + $3 * interval '1 ms'
      where storefront = $1 and key = $2 and status is null and locked_until < now()`,
      values: [storefront, key, lockMs],
    }),
  );
  return rowCount === 1;
}

export async function storeAnswer(
  pool: Pool,
  storefront: string,
  key: string,
  status: number,
  answer: unknown,
): Promise<void> {
  await pool.query({
    name: 'intent_request_answer',
    text: `
      update idempotency set status = $3, answer = $4
      where storefront = $1 and key = $2 and (status is null or status = 202)`,
    values: [storefront, key, status, JSON.stringify(answer)],
  });
}
