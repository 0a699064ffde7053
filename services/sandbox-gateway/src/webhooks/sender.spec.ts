import { createHash } from 'node:crypto';
import Stripe from 'stripe';
import {
  ACCOUNT,
  runSandbox,
  WEBHOOK_SECRET,
  type RunningSandbox,
} from '../testing/running-sandbox.js';
import type { Received } from '../testing/webhook-receiver.js';

let running: RunningSandbox;

beforeEach(async () => {
  running = await runSandbox();
});
afterEach(() => running.close());

const pay = (paymentMethod?: string, captureMethod: 'automatic' | 'manual' = 'automatic') =>
  running.pay(paymentMethod, {
    capture_method: captureMethod,
    payment_method_options: { card: { request_multicapture: 'if_available' } },
  });

function verified({ body, signature }: Received): Stripe.Event | undefined {
  try {
    return running.stripe.webhooks.constructEvent(body, signature, WEBHOOK_SECRET);
  } catch {
    return undefined;
  }
}

const events = () => running.receiver.received.flatMap((each) => verified(each) ?? []);
const types = () =>
  events()
    .map(({ type }) => type)
    .sort();
const digest = ({ body }: Received) => createHash('sha256').update(body).digest('hex');

describe('webhooks', () => {
  it('tell an automatic capture by both twins', async () => {
    await pay();
    await running.settle();
    expect(types()).toEqual([
      'charge.succeeded',
      'charge.updated',
      'payment_intent.created',
      'payment_intent.succeeded',
    ]);
  });

  it('tell captures as a running total', async () => {
    const { id } = await pay('pm_card_visa', 'manual');
    const part = { amount_to_capture: 300, final_capture: false };
    await running.stripe.paymentIntents.capture(id, part);
    await running.stripe.paymentIntents.capture(id, { amount_to_capture: 200 });
    await running.settle();
    const totals = events().flatMap((event) =>
      event.type === 'charge.updated' ? [event.data.object.amount_captured] : [],
    );
    expect(new Set(totals)).toEqual(new Set([300, 500]));
    expect(types()).toEqual([
      'charge.captured',
      'charge.succeeded',
      'charge.updated',
      'charge.updated',
      'payment_intent.amount_capturable_updated',
      'payment_intent.amount_capturable_updated',
      'payment_intent.amount_capturable_updated',
      'payment_intent.created',
      'payment_intent.succeeded',
    ]);
  });

  it('tell that an authorization ran out by its charge, its release and the payment', async () => {
    await pay('pm_sandbox_expires', 'manual');
    await running.settle();
    await running.settle();
    expect(types()).toEqual([
      'charge.expired',
      'charge.succeeded',
      'payment_intent.amount_capturable_updated',
      'payment_intent.canceled',
      'payment_intent.created',
      'refund.created',
    ]);
    const [release] = events().flatMap((event) =>
      event.type === 'refund.created' ? [event.data.object] : [],
    );
    expect(release?.reason).toBe('expired_uncaptured_charge');
  });

  it('tell declines, cancelations and refunds', async () => {
    await expect(pay('pm_card_visa_chargeDeclined')).rejects.toThrow();
    const held = await pay('pm_card_visa', 'manual');
    await running.stripe.paymentIntents.cancel(held.id);
    const paid = await pay('pm_card_refundFail');
    await running.stripe.refunds.create({ payment_intent: paid.id });
    await running.settle();
    await running.settle();
    expect(types()).toEqual(
      expect.arrayContaining([
        'charge.failed',
        'payment_intent.payment_failed',
        'payment_intent.canceled',
        'charge.refunded',
        'refund.created',
        'refund.failed',
        'charge.refund.updated',
      ]),
    );
  });

  it('come again until they are acknowledged, each time signed anew', async () => {
    let refusals = 0;
    running.receiver.answer = () => ((refusals += 1) <= 6 ? 503 : 200);
    await pay();
    await running.settle();
    const { received } = running.receiver;
    expect(received).toHaveLength(10);
    expect(received.every((each) => verified(each) !== undefined)).toBe(true);
    const deliveries = await running.deliveries();
    expect(deliveries.map(({ status }) => String(status)).sort()).toEqual([
      ...Array<string>(4).fill('200'),
      ...Array<string>(6).fill('503'),
    ]);
    const listed = await running.stripe.events.list({ delivery_success: false });
    expect(listed.data).toEqual([]);
  });

  it('come twice with the same bytes', async () => {
    await pay('pm_sandbox_webhooksDuplicated');
    await running.settle();
    const bodies = running.receiver.received.map(digest);
    expect(bodies).toHaveLength(8);
    expect(new Set(bodies).size).toBe(4);
  });

  it('come twice with slightly other bytes', async () => {
    await pay('pm_sandbox_webhooksVaried');
    await running.settle();
    expect(new Set(running.receiver.received.map(digest)).size).toBe(8);
    expect(new Set(events().map(({ id }) => id)).size).toBe(4);
  });

  it('come once with a wrong signature, and then right', async () => {
    running.receiver.answer = (delivery) => (verified(delivery) === undefined ? 401 : 200);
    await pay('pm_sandbox_webhookBadSignature');
    await running.settle();
    expect(running.receiver.received.filter((each) => verified(each) === undefined)).toHaveLength(
      1,
    );
    expect(new Set(events().map(({ id }) => id)).size).toBe(4);
    const wrong = (await running.deliveries()).filter(({ signedWrong }) => signedWrong);
    expect(wrong.map(({ status }) => status)).toEqual([401]);
  });

  it('carry a signature of each secret while one is rolled', async () => {
    const roll = (body: object) =>
      running.ask('PUT', `/sandbox/webhook-endpoints/${ACCOUNT}`, body);
    await roll({ secrets: [WEBHOOK_SECRET, 'whsec_next'] });
    await pay();
    await running.settle();
    expect(events()).toHaveLength(4);
    for (const { body, signature } of running.receiver.received) {
      expect(signature.match(/v1=/g)).toHaveLength(2);
      const event = running.stripe.webhooks.constructEvent(body, signature, 'whsec_next');
      expect(event.object).toBe('event');
    }
    // Rolled: what could not be delivered before is signed with the new one only.
    running.receiver.answer = () => 503;
    await pay();
    await running.ask('POST', '/sandbox/settle');
    await roll({ secret: 'whsec_next' });
    running.receiver.received.length = 0;
    running.receiver.answer = () => 200;
    await running.settle();
    expect(running.receiver.received.length).toBeGreaterThanOrEqual(4);
    expect(events()).toEqual([]);
    const unknown = running.ask('PUT', '/sandbox/webhook-endpoints/other', { silent: true });
    await expect(unknown).rejects.toThrow('400');
  });

  it('never come from an endpoint given up, and are listed as not delivered', async () => {
    const silent = (silent: boolean) =>
      running.ask('PUT', `/sandbox/webhook-endpoints/${ACCOUNT}`, { silent });
    await silent(true);
    await pay();
    await silent(false);
    await pay('pm_sandbox_webhooksNeverSent');
    await pay();
    await running.settle();
    expect(types()).toHaveLength(4);
    const missed: Stripe.Event[] = [];
    const wanted = ['payment_intent.succeeded', 'charge.succeeded'];
    const query = { delivery_success: false, types: wanted, limit: 1 };
    for await (const event of running.stripe.events.list(query)) missed.push(event);
    expect(missed.map(({ type }) => type).sort()).toEqual([
      'charge.succeeded',
      'charge.succeeded',
      'payment_intent.succeeded',
      'payment_intent.succeeded',
    ]);
    const [newest] = missed;
    const older = await running.stripe.events.list({
      ...query,
      limit: 100,
      starting_after: newest?.id ?? '',
      created: { gte: (newest?.created ?? 0) - 60 },
    });
    expect(older.data.map(({ id }) => id)).toEqual(missed.slice(1).map(({ id }) => id));
    const later = await running.stripe.events.list({
      ...query,
      created: { gt: (newest?.created ?? 0) + 60 },
    });
    expect(later.data).toEqual([]);
  });

  it('come in another order, by themselves', async () => {
    await running.close();
    running = await runSandbox({ due: 'by_the_clock' });
    await pay('pm_sandbox_webhooksReordered');
    while (running.receiver.received.length < 4) await new Promise((r) => setTimeout(r, 50));
    expect(events().map(({ type }) => type)[0]).not.toBe('payment_intent.created');
    expect(types()).toHaveLength(4);
  });
});
