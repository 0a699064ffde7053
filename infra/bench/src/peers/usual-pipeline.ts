// The usual build, a process a service: each message a transaction that writes its row and an outbox row, the outbox
// polled every second, kafkajs with its documented defaults (eachMessage, auto-commit). SERVICE says which of three it is.
import { createHmac, timingSafeEqual } from 'node:crypto';
import Fastify from 'fastify';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import pg from 'pg';

const POLL_MS = 1_000;
const TABLES = `
  create table if not exists handled (id text primary key, body jsonb not null, at timestamptz not null default now());
  create table if not exists outbox (id bigint generated always as identity primary key, key text not null,
    type text not null, body jsonb not null, sent boolean not null default false);
  create index if not exists outbox_unsent on outbox (id) where not sent`;

interface Stage {
  readonly from?: string;
  readonly to: string;
  readonly type: string;
}

/** Webhook in, payment told, goods released. */
const STAGES: Readonly<Record<string, Stage>> = {
  webhooks: { to: 'usual.notifications', type: 'Notified' },
  payments: { from: 'usual.notifications', to: 'usual.payments', type: 'Captured' },
  fulfillment: { from: 'usual.payments', to: 'usual.releases', type: 'FulfillmentReleased' },
};

const service = process.env['SERVICE'] ?? '';
const secret = process.env['WEBHOOK_SECRET'] ?? '';
const stage = STAGES[service] as Stage;
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] ?? '', max: 20 });
await pool.query(TABLES);
const kafka = new Kafka({
  brokers: [process.env['KAFKA_BROKERS'] ?? ''],
  clientId: `usual-${service}`,
  logLevel: logLevel.ERROR,
});

const producer = kafka.producer();
await producer.connect();
void pollOutbox(producer);
if (stage.from === undefined) await takeWebhooks();
else await takeMessages(stage.from);

/** The row, once by its id, and what is to be told of it, in one transaction. */
async function handle(id: string, key: string, body: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const { rowCount } = await client.query(
      'insert into handled (id, body) values ($1, $2) on conflict do nothing',
      [id, body],
    );
    if (rowCount === 1) {
      const outgoing = [key, stage.type, body];
      await client.query('insert into outbox (key, type, body) values ($1, $2, $3)', outgoing);
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

async function pollOutbox(to: Producer): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ id: string; key: string; type: string; body: object }>(
      'select id, key, type, body from outbox where not sent order by id limit 5000',
    );
    if (rows.length > 0) {
      const messages = rows.map(({ key, type, body }) => ({
        key,
        value: JSON.stringify(body),
        headers: { ce_type: type },
      }));
      await to.send({ topic: stage.to, messages });
      await pool.query('update outbox set sent = true where id = any($1)', [
        rows.map(({ id }) => id),
      ]);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function takeMessages(topic: string): Promise<void> {
  const consumer = kafka.consumer({ groupId: `usual-${service}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({
    eachMessage: async ({ message }) => {
      const key = message.key?.toString() ?? '';
      await handle(key, key, message.value?.toString() ?? '{}');
    },
  });
  await joined;
  process.send?.({ port: 0 });
}

async function takeWebhooks(): Promise<void> {
  const app = Fastify({ logger: false });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.post('/webhooks/stripe', async (request, reply) => {
    const body = request.body as Buffer;
    const [, t, v1] =
      /^t=(\d+),v1=([0-9a-f]{64})/.exec(String(request.headers['stripe-signature'])) ?? [];
    const expected = createHmac('sha256', secret).update(`${t}.`).update(body).digest();
    if (v1 === undefined || !timingSafeEqual(Buffer.from(v1, 'hex'), expected)) {
      return reply.status(400).send({ received: false });
    }
    const text = body.toString('utf8');
    const event = JSON.parse(text) as {
      id: string;
      data: { object: { metadata: { paylog_payment: string } } };
    };
    await handle(event.id, event.data.object.metadata.paylog_payment, text);
    return { received: true };
  });
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  process.send?.({ port: Number(new URL(address).port) });
}
