import type { Append } from '@paylog/event-sourcing';
import type { Pool, PoolClient } from 'pg';
import { INPUT, type AppendWork, type FactBatch } from '../append-work.js';
import type { Appender } from '../appender.js';

const SCHEMA = `
  create table events (
    position bigint generated always as identity primary key,
    stream text not null, version int not null, id text not null, type text not null,
    source text not null, time timestamptz not null, correlation_id text, causation_id text,
    data jsonb not null, unique (stream, version)
  );
  create table handled (key text primary key);
  create table streams (stream text primary key, version int not null);
  create table payments (
    payment_id text primary key, version int not null, storefront text, order_id text, attempt int,
    label text not null, final boolean not null, state jsonb not null,
    updated_at timestamptz not null default now()
  );
  create table offsets (source text, partition int, next bigint not null, primary key (source, partition));
`;

interface Effects {
  readonly paymentId: string;
  readonly version: number;
  readonly storefront: string | null;
  readonly orderId: string | null;
  readonly attempt: number | null;
  readonly label: string;
  readonly final: boolean;
}

/**
 * The usual consumer: each message is one transaction that locks the stream, checks its version, and writes event, key
 * of the message, projection and offset. Its best form: statements prepared by name (parsed and planned once), what can
 * go together in one round trip, no hash chain, and jsonb where ours keeps bytes. One connection, one message after the
 * other, as kafkajs's `eachMessage` does it by default (`partitionsConsumedConcurrently: 1`).
 */
export const transactionAMessage = (work: AppendWork): Appender => {
  const messages = work.lanes.flatMap((batches) => batches.flatMap(messagesOf));
  return {
    key: 'one message one transaction',
    role: 'peer',
    paymentState: false,
    table: 'events',
    connections: 1,
    async prepare(pool) {
      await pool.query(SCHEMA);
    },
    async store(pool: Pool) {
      const client = await pool.connect();
      try {
        for (const message of messages) await handle(client, message);
        return messages.length;
      } finally {
        client.release();
      }
    },
  };
};

/** What the handler of one message has at hand when it comes to write. */
interface Message {
  readonly append: Append;
  readonly row: Append['rows'][number];
  readonly effects: Effects;
  readonly data: string;
  /** The payment's state after it, which its event holds too. */
  readonly state: string;
  readonly partition: number;
  readonly next: bigint;
}

function messagesOf({ lane, from, appends }: FactBatch): Message[] {
  return appends.map((append, i) => {
    const [row] = append.rows;
    if (!row) throw new Error('an append without a row');
    const data = row.data.toString();
    const { state } = JSON.parse(data) as { state: unknown };
    return {
      append,
      row,
      effects: append.effects as Effects,
      data,
      state: JSON.stringify(state),
      partition: lane,
      next: from + BigInt(i + 1),
    };
  });
}

async function handle(client: PoolClient, message: Message): Promise<void> {
  const { append, row, effects, data, state, partition, next } = message;
  const { stream, key, expectedVersion } = append;
  const version = expectedVersion + 1;
  await client.query('begin');
  const locked = await client.query<{ version: number }>({
    name: 'lock',
    text: 'select version from streams where stream = $1 for update',
    values: [stream],
  });
  if ((locked.rows[0]?.version ?? 0) !== expectedVersion) throw new Error('another writer');
  await client.query({
    name: 'event',
    text: `with key as (insert into handled (key) values ($9)),
        head as (insert into streams values ($1, $2) on conflict (stream) do update set version = $2)
      insert into events (stream, version, id, type, source, time, correlation_id, causation_id, data)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $10)`,
    values: [
      stream,
      version,
      row.id,
      row.type,
      row.source,
      row.time,
      row.correlationId,
      row.causationId,
      key,
      data,
    ],
  });
  await client.query({
    name: 'projection',
    text: `insert into payments
        (payment_id, version, storefront, order_id, attempt, label, final, state)
      values ($1, $2, $3, $4, $5, $6, $7, $8)
      on conflict (payment_id) do update set version = excluded.version,
        storefront = excluded.storefront, order_id = excluded.order_id, attempt = excluded.attempt,
        label = excluded.label, final = excluded.final, state = excluded.state, updated_at = now()
      where payments.version < excluded.version`,
    values: [
      effects.paymentId,
      version,
      effects.storefront,
      effects.orderId,
      effects.attempt,
      effects.label,
      effects.final,
      state,
    ],
  });
  await client.query({
    name: 'offset',
    text: `insert into offsets values ($1, $2, $3)
      on conflict (source, partition) do update set next = excluded.next where offsets.next < excluded.next`,
    values: [INPUT, partition, next],
  });
  await client.query('commit');
}
