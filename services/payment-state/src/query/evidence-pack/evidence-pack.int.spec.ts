import { GROUPS } from '@paylog/contracts';
import { createLogger } from '@paylog/observability';
import { ProofsIngest } from '../../ingest/proofs-ingest.js';
import { record } from '../../payment/payment-book.js';
import { ask, type Askable } from '../../testing/askable.js';
import { batchOf, paymentOfOrder } from '../../testing/facts.js';
import { disputed } from '../../testing/packs.js';
import { decision, notification } from '../../testing/proofs.js';
import type { EvidencePack } from './evidence-pack.js';

const ORDER = 'order-1';
const payment = paymentOfOrder(ORDER);
const path = `/v1/payments/${payment}/evidence-pack`;

let asked: Askable;

/** A payment in dispute: its facts by one group, in one go, and what vouches for them by the other. */
beforeAll(async () => {
  asked = await ask();
  const facts = disputed(ORDER, '<script>alert(1)</script>');
  const reports = facts.map((fact) => ({ paymentId: payment, fact }));
  await record(asked.log, reports, {});
  const { group } = GROUPS.paymentStateProofs;
  const proofs = new ProofsIngest(asked.log, group, createLogger('spec', { level: 'silent' }));
  const told = facts.filter(({ source }) => source === 'webhook');
  const notifications = told.map((fact, i) =>
    notification(payment, fact, { eventId: `evt_${i}`, offset: BigInt(i) }),
  );
  await proofs.take(batchOf(notifications));
  await proofs.take(batchOf([decision(payment, ORDER, 'FulfillmentReleased', 'paid')]));
});

afterAll(() => asked.stop());

describe('the download for a dispute', () => {
  it('is one page with everything, as an attachment that nobody keeps on the way', async () => {
    const answer = await asked.get(path, 'shop-key', { accept: 'text/html,*/*;q=0.8' });
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-disposition': `attachment; filename="evidence-pack-${payment}.html"`,
      'cache-control': 'no-store',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    });
    const page = await answer.text();
    for (const shown of ['dp_1', 'Chargeback', '2026-04-03 23:59:59', 'evt_0', 'Released']) {
      expect(page).toContain(shown);
    }
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;alert(1)');
  });

  it.each([
    ['by its path', '?format=json', {}],
    ['by what the caller takes', '', { accept: 'application/json' }],
  ])('is also JSON, asked for %s', async (_, query, headers) => {
    const answer = await asked.get(path + query, 'shop-key', headers);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(answer.headers.get('content-disposition')).toContain('.json"');
    const pack = (await answer.json()) as EvidencePack;
    expect(pack).toMatchObject({
      paymentId: payment,
      order: { orderId: ORDER },
      state: { label: 'disputed' },
      disputes: [{ id: 'dp_1', stage: 'chargeback', respondBy: '2026-04-03T23:59:59.000Z' }],
      fulfillment: [{ what: 'FulfillmentReleased', orderId: ORDER }],
    });
    expect(pack.timeline).toHaveLength(7);
    const verified = pack.webhooks.map(({ eventId, verifiedWith }) => [eventId, verifiedWith]);
    expect(verified).toEqual([0, 1, 2, 3].map((i) => [`evt_${i}`, 'STRIPE_MAIN_WEBHOOK_SECRET']));
    expect(pack.timeline.filter(({ evidence }) => evidence !== undefined)).toHaveLength(4);
  });

  it('is nobody else’s: no other storefront’s, no operator’s without the scope, no browser’s', async () => {
    expect((await asked.get(path, 'deli-key')).status).toBe(404);
    expect((await asked.get(path, 'ops-key')).status).toBe(403);
    const token = await asked.tokens.sign(payment);
    expect((await asked.get(path, token)).status).toBe(401);
    const url = `${asked.service.url}${path}`;
    expect((await fetch(`${url}?token=${token}`)).status).toBe(401);
    expect((await fetch(url)).status).toBe(401);
  });

  it.each([
    ['an unknown payment', `/v1/payments/${paymentOfOrder('order-2')}/evidence-pack`, 404],
    ['an id that is none', '/v1/payments/pay-1/evidence-pack', 400],
    ['a format that is none', `${path}?format=pdf`, 400],
  ])('refuses %s', async (_, url, status) => {
    expect((await asked.get(url, 'shop-key')).status).toBe(status);
  });
});
