import { eventually } from '@paylog/testing';
import { bodiesOf } from '../mapping/mapping.sql.js';
import { type Running, run } from '../testing/running.js';
import { bytes, paid, PAYMENT, SECRET, signed } from '../testing/stripe.js';
import { fromRow } from './evidence.js';

let running: Running;
beforeAll(async () => {
  running = await run();
});
afterAll(() => running.stop());

async function storedEvidence() {
  const rows = (
    await Promise.all([0, 1, 2, 3].map((lane) => running.evidence.readLane(lane, 0n, 1_000)))
  ).flat();
  const evidence = rows.map(({ data }) => fromRow(data));
  const bodies = await bodiesOf(running.parts.pool, evidence);
  return evidence.map((each) => ({ ...each, body: bodies.get(each.id) }));
}

const storedBodies = async () => (await storedEvidence()).map(({ body }) => body?.toString('hex'));

describe('a delivery', () => {
  it('is acknowledged when it is on disk, byte for byte', async () => {
    const body = Buffer.from(` {"id":"evt_0","n":1.0,"odd":"\\u0000"}\r\n`);
    expect(await running.post(body)).toBe(200);
    const stored = (await storedEvidence()).find(({ eventId }) => eventId === 'evt_0');
    expect(stored?.body?.equals(body)).toBe(true);
    expect(stored).toMatchObject({ account: 'stripe-main', secret: 'STRIPE_WEBHOOK_SECRET' });
    expect(stored?.headers['stripe-signature']).toMatch(/^t=/);
  });

  it('repeated in the same bytes is acknowledged and stored once; in other bytes it is its own', async () => {
    const body = bytes(paid('evt_twice', PAYMENT));
    const before = (await storedEvidence()).length;
    const answers = [running.post(body), running.post(body), running.post(body)];
    expect(await Promise.all(answers)).toEqual([200, 200, 200]);
    expect(await running.post(Buffer.concat([body, Buffer.from('\n')]))).toBe(200);
    expect((await storedEvidence()).length).toBe(before + 2);
    expect(await running.get('/operations/webhooks')).toMatchObject({
      accepted: before + 2,
      duplicates: 2,
    });
  });

  it('of anything that is signed is stored: nothing, broken JSON, a card number', async () => {
    for (const body of [Buffer.alloc(0), Buffer.from('{"id":'), bytes({ n: '4242424242424242' })]) {
      expect(await running.post(body)).toBe(200);
      expect(await storedBodies()).toContain(body.toString('hex'));
    }
  });

  it('comes through with its signature behind kilobytes of other headers', async () => {
    const body = bytes(paid('evt_headers', PAYMENT));
    const response = await fetch(`${running.service.url}/webhooks/stripe/stripe-main`, {
      method: 'POST',
      body: new Uint8Array(body),
      headers: { 'a-proxy': 'x'.repeat(9_000), 'stripe-signature': signed(body) },
    });
    expect(response.status).toBe(200);
    const stored = (await storedEvidence()).find(({ eventId }) => eventId === 'evt_headers');
    expect(Object.keys(stored?.headers ?? {})).not.toContain('a-proxy');
  });

  it.each([
    ['an unknown account', { path: '/webhooks/stripe/nobody' }, 404],
    ['an account of another gateway', { path: '/webhooks/adyen/stripe-main' }, 404],
    ['no signature', { signature: null }, 401],
    ['a stranger’s signature', { signature: signed(bytes(paid('evt_no')), 'whsec_other') }, 401],
    ['a stale signature', { signature: `t=1,v1=${'0'.repeat(64)}` }, 401],
  ])('with %s is refused and not stored', async (_, more, status) => {
    const before = await storedBodies();
    expect(await running.post(bytes(paid('evt_no')), more)).toBe(status);
    expect(await storedBodies()).toEqual(before);
  });

  it('larger than 1 MiB is refused', async () => {
    expect(await running.post(Buffer.alloc(1024 * 1024 + 1, ' '))).toBe(413);
    expect(await running.post(Buffer.alloc(1024 * 1024, ' '))).toBe(200);
  });

  it('that was refused leaves its headers and digest for seven days', async () => {
    const { rejected } = await eventually('rejections are written', async () => {
      const list = await running.get<{ rejected: { reason: string }[] }>(
        '/operations/webhooks/rejected',
      );
      return list.rejected.length >= 3 && list;
    });
    expect(rejected.map(({ reason }) => reason).sort()).toEqual([
      'header_missing',
      'signature_mismatch',
      'signature_mismatch',
    ]);
    expect(JSON.stringify(rejected)).not.toContain(SECRET);
  });

  it('is asked for again within a second while the database is away, and taken when it is back', async () => {
    const body = bytes(paid('evt_outage', PAYMENT));
    await running.wire.cut();
    for (let i = 0; i < 3; i++) {
      const started = Date.now();
      expect(await running.post(body)).toBe(503);
      expect(Date.now() - started).toBeLessThan(1_500);
    }
    await running.wire.mend();
    await eventually('the database is back', async () => (await running.post(body)) === 200);
    expect(await storedBodies()).toContain(body.toString('hex'));
  });
});
