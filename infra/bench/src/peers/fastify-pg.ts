// Taking webhooks written well by hand, as a process: Fastify without a logger, the HMAC by node:crypto, one prepared
// INSERT a webhook by pg, answered after its commit.
import { createHmac, timingSafeEqual } from 'node:crypto';
import Fastify from 'fastify';
import pg from 'pg';
import { WEBHOOKS_TABLE } from './webhooks-table.js';

const TOLERANCE_SECONDS = 300;
const secret = process.env['WEBHOOK_SECRET'] ?? '';
// More than two cores can keep busy, and fewer than the connections that would get into each other's way.
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] ?? '', max: 20 });
await pool.query(WEBHOOKS_TABLE);

const app = Fastify({ logger: false });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

app.post('/webhooks/stripe', async (request, reply) => {
  const body = request.body as Buffer;
  if (!isSigned(body, String(request.headers['stripe-signature']))) {
    return reply.status(400).send({ received: false });
  }
  const event = JSON.parse(body.toString('utf8')) as { id: string; type: string };
  await pool.query({
    name: 'insert-webhook',
    text: `insert into webhooks (gateway, event_id, type, body) values ($1, $2, $3, $4)
           on conflict (gateway, event_id) do nothing`,
    values: ['stripe', event.id, event.type, body],
  });
  return { received: true };
});

const address = await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.({ port: Number(new URL(address).port) });

function isSigned(body: Buffer, header: string): boolean {
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})/.exec(header) ?? [];
  if (t === undefined || v1 === undefined) return false;
  if (Math.abs(Date.now() / 1_000 - Number(t)) > TOLERANCE_SECONDS) return false;
  const expected = createHmac('sha256', secret).update(`${t}.`).update(body).digest();
  return timingSafeEqual(Buffer.from(v1, 'hex'), expected);
}
