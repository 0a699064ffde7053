import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atFindRequest = crossing('intent.find-request');
const atClaimKey = crossing('intent.claim-key');
const atTakeOver = crossing('intent.take-over');
const atReleaseKey = crossing('intent.release-key');

/** Whose keys these are: each API key has its own, whatever others use. */
export interface KeyScope {
  /** The API key's storefront; `*` for an operator. */
  readonly storefront: string;
  /** Id of the API key. */
  readonly caller: string;
}

export interface StoredRequest {
  readonly digest: string;
  /** Null where the request was about no payment. */
  readonly paymentId: string | null;
  /** Null while the first request is being answered. */
  readonly status: number | null;
  readonly answer: unknown;
  readonly lockedUntil: Date;
  readonly createdAt: Date;
}

/** What goes into the same append as the request's effect. */
export interface NewStoredRequest extends KeyScope {
  readonly key: string;
  readonly digest: string;
  readonly status: number | null;
  readonly answer: unknown;
  readonly lockedUntil: string;
}

/** Answers from before keys had callers are found under no caller, until they are deleted. */
export async function selectRequest(
  pool: Pool,
  scope: KeyScope,
  key: string,
): Promise<StoredRequest | undefined> {
  const { rows } = await atFindRequest(() =>
    pool.query<StoredRequest>({
      name: 'intent_request',
      text: `
      select digest, payment_id as "paymentId", status, answer, locked_until as "lockedUntil",
        created_at as "createdAt"
      from idempotency where storefront = $1 and caller in ($2, '') and key = $3
      order by caller desc limit 1`,
      values: [scope.storefront, scope.caller, key],
    }),
  );
  return rows[0];
}

/** For requests that leave nothing in the log. False when another request has the key. */
export async function insertRequest(
  pool: Pool,
  paymentId: string | null,
  request: NewStoredRequest,
): Promise<boolean> {
  const { rowCount } = await atClaimKey(() =>
    pool.query({
      name: 'intent_request_insert',
      text: `
      insert into idempotency
        (storefront, caller, key, digest, payment_id, status, answer, locked_until)
      values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
      values: [
        request.storefront,
        request.caller,
        request.key,
        request.digest,
        paymentId,
        request.status,
        request.answer === null ? null : JSON.stringify(request.answer),
        request.lockedUntil,
      ],
    }),
  );
  return rowCount === 1;
}

/** One caller a time answers a key. False: somebody else does, or has. */
export async function takeOverRequest(
  pool: Pool,
  scope: KeyScope,
  key: string,
  lockMs: number,
): Promise<boolean> {
  const { rowCount } = await atTakeOver(() =>
    pool.query({
      name: 'intent_request_take_over',
      text: `
      update idempotency set locked_until = now() + $4 * interval '1 ms'
      where storefront = $1 and caller in ($2, '') and key = $3 and status is null
        and locked_until < now()`,
      values: [scope.storefront, scope.caller, key, lockMs],
    }),
  );
  return rowCount === 1;
}

/** Nothing came of it: whoever comes next with the key may try. */
export async function releaseRequest(pool: Pool, scope: KeyScope, key: string): Promise<void> {
  await atReleaseKey(() =>
    pool.query({
      name: 'intent_request_release',
      text: `
      update idempotency set locked_until = now()
      where storefront = $1 and caller = $2 and key = $3 and status is null`,
      values: [scope.storefront, scope.caller, key],
    }),
  );
}

export async function storeAnswer(
  pool: Pool,
  scope: KeyScope,
  key: string,
  status: number,
  answer: unknown,
): Promise<void> {
  await pool.query({
    name: 'intent_request_answer',
    text: `
      update idempotency set status = $4, answer = $5
      where storefront = $1 and caller in ($2, '') and key = $3
        and (status is null or status = 202)`,
    values: [scope.storefront, scope.caller, key, status, JSON.stringify(answer)],
  });
}
