import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atClaim = crossing('intent.claim');
const atRenewLease = crossing('intent.renew-lease');
const atReleaseLeases = crossing('intent.release-leases');
const atMarkPolled = crossing('intent.mark-polled');
const atNotBefore = crossing('intent.not-before');
const atMarkVerify = crossing('intent.mark-verify');
const atMarkTold = crossing('intent.mark-told');
const atForget = crossing('intent.forget');
const atDeriveWork = crossing('intent.derive-work');
const atOldAnswers = crossing('intent.old-answers');

export interface Claimed {
  readonly paymentId: string;
  readonly lease: string;
}

const CLAIM = {
  name: 'intent_claim',
  text: `
    with due as (
      select payment_id from work
      where due_at <= now() and (leased_until is null or leased_until < now())
      order by due_at limit $1
      for update skip locked
    )
    update work w set lease = gen_random_uuid(), owner = $3,
      leased_until = now() + $2 * interval '1 ms'
    from due where w.payment_id = due.payment_id
    returning w.payment_id as "paymentId", w.lease`,
};

/** Takes due payments for a while; another worker takes those whose lease ran out. */
export async function claimWork(
  pool: Pool,
  limit: number,
  leaseMs: number,
  owner: string,
): Promise<Claimed[]> {
  const { rows } = await atClaim(() =>
    pool.query<Claimed>({ ...CLAIM, values: [limit, leaseMs, owner] }),
  );
  return rows;
}

/** False: the lease ran out and somebody else has the payment. */
export async function renewLease(pool: Pool, claimed: Claimed, leaseMs: number): Promise<boolean> {
  const { rowCount } = await atRenewLease(() =>
    pool.query({
      name: 'intent_renew',
      text: `
      update work set leased_until = now() + $3 * interval '1 ms'
      where payment_id = $1 and lease = $2`,
      values: [claimed.paymentId, claimed.lease, leaseMs],
    }),
  );
  return rowCount === 1;
}

/** At start: what this instance held when it died. Should it be alive after all, versions keep it harmless. */
export async function releaseLeasesOf(pool: Pool, owner: string): Promise<void> {
  await atReleaseLeases(() =>
    pool.query(`update work set lease = null, leased_until = null where owner = $1`, [owner]),
  );
}

export interface Release {
  readonly paymentId: string;
  readonly lease: string;
  /** As read before the decision; a later touch makes the payment due at once. */
  readonly touches: number;
  /** Undefined: nothing is due until something touches it. */
  readonly dueAt?: Date;
  readonly why: string;
}

const RELEASE = {
  name: 'intent_release',
  text: `
    update work set lease = null, leased_until = null,
      due_at = case when touches = $3 then $4::timestamptz else now() end,
      since = case when why = $5 then since else now() end,
      why = $5
    where payment_id = $1 and lease = $2`,
};

export async function releaseWork(pool: Pool, release: Release): Promise<void> {
  const { paymentId, lease, touches, dueAt, why } = release;
  await pool.query({
    ...RELEASE,
    values: [paymentId, lease, touches, dueAt ?? null, why],
  });
}

/** A question was asked, whatever came of it; `notBefore` when the gateway wants us to slow down. */
export async function markPolled(
  pool: Pool,
  paymentId: string,
  at: Date,
  notBefore: Date | undefined,
): Promise<void> {
  await atMarkPolled(() =>
    pool.query({
      name: 'intent_polled',
      text: `
      update work set polls = polls + 1, polled_at = $2, not_before = coalesce($3, not_before)
      where payment_id = $1`,
      values: [paymentId, at, notBefore ?? null],
    }),
  );
}

/** The gateway did not begin a call: nobody asks for this payment before then. */
export async function markNotBefore(pool: Pool, paymentId: string, at: Date): Promise<void> {
  await atNotBefore(() =>
    pool.query({
      name: 'intent_not_before',
      text: `update work set not_before = $2 where payment_id = $1`,
      values: [paymentId, at],
    }),
  );
}

/** Somebody wants to know now. False when we don't know the payment. */
export async function markVerify(pool: Pool, paymentId: string, at: Date): Promise<boolean> {
  const { rowCount } = await atMarkVerify(() =>
    pool.query({
      name: 'intent_verify',
      text: `
      update work set verify_at = $2, not_before = null, due_at = now(), touches = touches + 1
      where payment_id = $1`,
      values: [paymentId, at],
    }),
  );
  return rowCount === 1;
}

/** A gateway told of a change that its signature does not cover: ask. */
export async function markTold(pool: Pool, paymentIds: readonly string[], at: Date): Promise<void> {
  if (paymentIds.length === 0) return;
  await atMarkTold(() =>
    pool.query({
      name: 'intent_told',
      text: `
      update work set verify_at = $2, due_at = now(), touches = touches + 1
      where payment_id = any ($1)`,
      values: [paymentIds, at],
    }),
  );
}

/** The attempt is over: what people and tokens were part of it is forgotten. */
export async function deletePrivate(pool: Pool, paymentId: string): Promise<void> {
  await atForget(() =>
    pool.query({
      name: 'intent_forget',
      text: `delete from private_details where payment_id = $1`,
      values: [paymentId],
    }),
  );
}

/** Work is derived from the log: rows that are missing (a restored backup of the log, a lost table) are made. */
export async function deriveWork(pool: Pool): Promise<number> {
  const { rowCount } = await atDeriveWork(() =>
    pool.query(`
    insert into work (payment_id, due_at)
    select r.stream, now() from intents.rows r
    where r.type = 'IntentAccepted' and not exists (select from work w where w.payment_id = r.stream)
    on conflict do nothing`),
  );
  return rowCount ?? 0;
}

/** Answers nobody can ask for again in good faith. */
export async function deleteOldAnswers(pool: Pool, olderThanDays: number): Promise<void> {
  await atOldAnswers(() =>
    pool.query({
      name: 'intent_old_answers',
      text: `delete from idempotency where created_at < now() - $1 * interval '1 day'`,
      values: [olderThanDays],
    }),
  );
}
