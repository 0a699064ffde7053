import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atBesideLog = crossing('intent.beside-log');
const atStates = crossing('intent.states');
const atLatestAttempts = crossing('intent.latest-attempts');
const atContents = crossing('intent.contents');
const atStoppedAccounts = crossing('intent.stopped-accounts');
const atSwitch = crossing('intent.switch');

/** What our tables hold beside the log about one payment. */
export interface BesideLog {
  readonly touches: number;
  readonly lease: string | null;
  /** When the engine looks again; null: not before something touches the payment. */
  readonly dueAt: Date | null;
  readonly polls: number;
  readonly polledAt: Date | null;
  readonly verifyAt: Date | null;
  readonly notBefore: Date | null;
  readonly state: unknown;
  readonly gatewayToldAt: Date | null;
  readonly hasPrivate: boolean;
  readonly paymentMethod: string | null;
  readonly customerReference: string | null;
  readonly returnUrl: string | null;
  readonly nextAction: unknown;
}

const BESIDE_LOG = {
  name: 'intent_beside_log',
  text: `
    select coalesce(w.touches, 0) as touches, w.lease, w.due_at as "dueAt", coalesce(w.polls, 0) as polls,
      w.polled_at as "polledAt", w.verify_at as "verifyAt", w.not_before as "notBefore",
      p.state, p.gateway_told_at as "gatewayToldAt",
      d.payment_id is not null as "hasPrivate", d.payment_method as "paymentMethod",
      d.customer_reference as "customerReference", d.return_url as "returnUrl",
      d.next_action as "nextAction"
    from (select $1::text as payment_id) x
    left join work w using (payment_id)
    left join payments p using (payment_id)
    left join private_details d using (payment_id)`,
};

/** Read before the stream, so that what is appended in between is seen as a later touch. */
export async function selectBesideLog(pool: Pool, paymentId: string): Promise<BesideLog> {
  const { rows } = await atBesideLog(() =>
    pool.query<BesideLog>({ ...BESIDE_LOG, values: [paymentId] }),
  );
  const [row] = rows;
  if (!row) throw new Error('a query without a filter gave no row');
  return row;
}

const STATES = {
  name: 'intent_states',
  text: `
    select i.payment_id as "paymentId", p.state, w.payment_id is not null as known
    from unnest($1::text[]) as i(payment_id)
    left join payments p using (payment_id)
    left join work w using (payment_id)`,
};

/** Projected states of several payments; absent where nothing was projected yet. */
export async function selectStates(
  pool: Pool,
  paymentIds: readonly string[],
): Promise<Map<string, unknown>> {
  const { rows } = await atStates(() =>
    pool.query<{ paymentId: string; state: unknown }>({
      ...STATES,
      values: [paymentIds],
    }),
  );
  return new Map(rows.flatMap((row) => (row.state ? [[row.paymentId, row.state] as const] : [])));
}

const LATEST_ATTEMPTS = {
  name: 'intent_latest_attempts',
  text: `
    select o.storefront, o.order_id as "orderId", max(o.attempt) as attempt
    from unnest($1::text[], $2::text[]) as i(storefront, order_id)
    join orders o on o.storefront = i.storefront and o.order_id = i.order_id
    group by 1, 2`,
};

export interface OrderKey {
  readonly storefront: string;
  readonly orderId: string;
}

/** The highest accepted attempt of each order; orders we don't know are absent. */
export async function selectLatestAttempts(
  pool: Pool,
  orders: readonly OrderKey[],
): Promise<(OrderKey & { attempt: number })[]> {
  if (orders.length === 0) return [];
  const { rows } = await atLatestAttempts(() =>
    pool.query<OrderKey & { attempt: number }>({
      ...LATEST_ATTEMPTS,
      values: [orders.map((order) => order.storefront), orders.map((order) => order.orderId)],
    }),
  );
  return rows;
}

const CONTENTS = {
  name: 'intent_contents',
  text: `select key, encode(digest, 'hex') as digest from intents.keys where key = any ($1)`,
};

/** Digests of the contents that were stored under these keys; absent where there is none. */
export async function selectContents(
  pool: Pool,
  keys: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await atContents(() =>
    pool.query<{ key: string; digest: string | null }>({
      ...CONTENTS,
      values: [keys],
    }),
  );
  return new Map(rows.flatMap(({ key, digest }) => (digest === null ? [] : [[key, digest]])));
}

const SWITCHES = {
  name: 'intent_switches',
  text: `select account from account_switches where stopped`,
};

/** Accounts through which nothing new is moved. */
export async function selectStoppedAccounts(pool: Pool): Promise<Set<string>> {
  const { rows } = await atStoppedAccounts(() => pool.query<{ account: string }>(SWITCHES));
  return new Set(rows.map((row) => row.account));
}

export interface SwitchChange {
  readonly account: string;
  readonly stopped: boolean;
  readonly reason: string;
  readonly operator: string;
}

/** Turns the switch, and has everything that waited for it looked at again. */
export async function upsertSwitch(pool: Pool, change: SwitchChange): Promise<void> {
  await atSwitch(() =>
    pool.query({
      name: 'intent_switch',
      text: `
      with turned as (
        insert into account_switches (account, stopped, reason, operator) values ($1, $2, $3, $4)
        on conflict (account) do update set stopped = excluded.stopped, reason = excluded.reason,
          operator = excluded.operator, changed_at = now()
        returning account
      )
      update work w set due_at = now(), touches = w.touches + 1
      from turned t join orders o on o.account = t.account
      where w.payment_id = o.payment_id and w.why = 'gateway account stopped'`,
      values: [change.account, change.stopped, change.reason, change.operator],
    }),
  );
}
