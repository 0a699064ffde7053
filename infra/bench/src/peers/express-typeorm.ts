// The tutorial's way to take webhooks, as a process: Express with express.raw (https://docs.stripe.com/webhooks), Stripe's
// own constructEvent, and TypeORM's insert, all in production mode. One insert a webhook, answered after its commit.
import express from 'express';
import Stripe from 'stripe';
import { DataSource, EntitySchema, QueryFailedError } from 'typeorm';
import { WEBHOOKS_TABLE } from './webhooks-table.js';

interface Webhook {
  gateway: string;
  eventId: string;
  type: string;
  body: Buffer;
}

const webhook = new EntitySchema<Webhook>({
  name: 'webhooks',
  columns: {
    gateway: { type: 'text', primary: true },
    eventId: { type: 'text', primary: true, name: 'event_id' },
    type: { type: 'text' },
    body: { type: 'bytea' },
  },
});

const source = await new DataSource({
  type: 'postgres',
  url: process.env['DATABASE_URL'] ?? '',
  entities: [webhook],
  // More than two cores can keep busy: as the other peer.
  poolSize: 20,
}).initialize();
await source.query(WEBHOOKS_TABLE);
const webhooks = source.getRepository(webhook);

const secret = process.env['WEBHOOK_SECRET'] ?? '';
const { webhooks: verifier } = new Stripe('sk_test_unused');
const app = express().disable('x-powered-by').disable('etag');

app.post('/webhooks/stripe', express.raw({ type: '*/*' }), async (request, response) => {
  const body = request.body as Buffer;
  let event: Stripe.Event;
  try {
    event = verifier.constructEvent(body, request.headers['stripe-signature'] ?? '', secret);
  } catch {
    response.status(400).json({ received: false });
    return;
  }
  try {
    await webhooks.insert({ gateway: 'stripe', eventId: event.id, type: event.type, body });
  } catch (error) {
    const code = error instanceof QueryFailedError && (error.driverError as { code?: string }).code;
    if (code !== '23505') throw error; // Else it is here already.
  }
  response.json({ received: true });
});

const server = app.listen(0, '127.0.0.1', () => process.send?.({ port: portOf(server.address()) }));

function portOf(address: ReturnType<typeof server.address>): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
