import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atKnownMissed = crossing('webhook-ingest.known-missed');
const atRememberMissed = crossing('webhook-ingest.remember-missed');
const atForgetMissed = crossing('webhook-ingest.forget-missed');
const atNewestWebhooks = crossing('webhook-ingest.newest-webhooks');

/** Which of these events were fetched before. */
export async function fetchedBefore(
  pool: Pool,
  account: string,
  events: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await atKnownMissed(() =>
    pool.query<{ event_id: string }>(
      'select event_id from missed_events where account = $1 and event_id = any($2)',
      [account, events],
    ),
  );
  return new Set(rows.map(({ event_id }) => event_id));
}

/** After their evidence is on disk: whoever dies in between fetches them again, and nothing is told twice. */
export async function rememberFetched(
  pool: Pool,
  account: string,
  events: readonly string[],
): Promise<void> {
  await atRememberMissed(() =>
    pool.query(
      'insert into missed_events (account, event_id) select $1, unnest($2::text[]) on conflict do nothing',
      [account, events],
    ),
  );
}

/** What the gateway itself keeps no longer can't be listed again. */
export async function forgetFetched(pool: Pool, account: string, before: Date): Promise<void> {
  await atForgetMissed(() =>
    pool.query('delete from missed_events where account = $1 and fetched_at < $2', [
      account,
      before,
    ]),
  );
}

export interface NewestWebhook {
  readonly source: string;
  /** RFC 3339. */
  readonly newest: string;
}

/** The newest webhook of each source among a lane's rows from this position on, and where those end. */
export async function newestWebhooks(
  pool: Pool,
  lane: number,
  from: bigint,
): Promise<{ readonly newest: readonly NewestWebhook[]; readonly next: bigint }> {
  const { rows } = await atNewestWebhooks(() =>
    pool.query<{ source: string | null; newest: string | null; next: string }>({
      name: 'newest-webhooks',
      text: `with seen as (
          select source, type, time, position from evidence.rows where lane = $1 and position >= $2
        )
        select source, max(time) filter (where type = 'WebhookReceived') as newest,
          (select coalesce(max(position) + 1, $2) from seen) as next
        from seen group by source
        union all select null, null, $2 where not exists (select from seen)`,
      values: [lane, from],
    }),
  );
  return {
    newest: rows.flatMap(({ source, newest }) =>
      source === null || newest === null ? [] : [{ source, newest }],
    ),
    next: BigInt(rows[0]?.next ?? from),
  };
}
