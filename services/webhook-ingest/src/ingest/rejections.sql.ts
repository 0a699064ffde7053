import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';

const atKeepRejected = crossing('webhook-ingest.keep-rejected');
const atPruneRejected = crossing('webhook-ingest.prune-rejected');
const atQueryRejected = crossing('webhook-ingest.query-rejected');

export interface Rejection {
  readonly receivedAt: string;
  readonly gateway: string;
  readonly account: string;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly digest: Buffer;
  readonly bytes: number;
}

export async function insertRejections(pool: Pool, batch: readonly Rejection[]): Promise<void> {
  await atKeepRejected(() =>
    pool.query({
      name: 'insert-rejections',
      text: `insert into rejected_webhooks (received_at, gateway, account, reason, headers, body_sha256, body_bytes)
           select * from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::bytea[], $7::int[])`,
      values: [
        batch.map((each) => each.receivedAt),
        batch.map((each) => each.gateway),
        batch.map((each) => each.account),
        batch.map((each) => each.reason),
        batch.map((each) => JSON.stringify(each.headers)),
        batch.map((each) => each.digest),
        batch.map((each) => each.bytes),
      ],
    }),
  );
}

/** Seven days, and the newest 10,000 whatever their age. */
export async function pruneRejections(pool: Pool): Promise<void> {
  await atPruneRejected(() =>
    pool.query({
      name: 'prune-rejections',
      text: `delete from rejected_webhooks
           where received_at < now() - interval '7 days'
              or id <= (select max(id) - 10000 from rejected_webhooks)`,
    }),
  );
}

export interface RejectionRow {
  readonly receivedAt: Date;
  readonly gateway: string;
  readonly account: string;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodySha256: string;
  readonly bodyBytes: number;
}

export async function newestRejections(pool: Pool, limit: number): Promise<RejectionRow[]> {
  const { rows } = await atQueryRejected(() =>
    pool.query<RejectionRow>({
      name: 'newest-rejections',
      text: `select received_at as "receivedAt", gateway, account, reason, headers,
             encode(body_sha256, 'hex') as "bodySha256", body_bytes as "bodyBytes"
           from rejected_webhooks order by id desc limit $1`,
      values: [limit],
    }),
  );
  return rows;
}
