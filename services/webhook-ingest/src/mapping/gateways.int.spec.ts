import { createHash, createHmac } from 'node:crypto';
import { decode, GATEWAY_NOTIFICATIONS, partitionOf } from '@paylog/contracts';
import {
  adyenItem,
  adyenWebhook,
  gocardlessEvent,
  gocardlessWebhook,
  paypalEvent,
  paypalWebhook,
  type SimulatedWebhook,
} from '@paylog/gateways/simulated';
import { eventually } from '@paylog/testing';
import {
  ADYEN,
  ADYEN_KEY,
  GOCARDLESS,
  GOCARDLESS_SECRET,
  happening,
  MERCHANT_ACCOUNT,
  type PayPalStandIn,
  standInForPayPal,
} from '../testing/gateways.js';
import { type Running, run } from '../testing/running.js';
import { ACCOUNT, PAYMENT } from '../testing/stripe.js';

let paypal: PayPalStandIn;
let running: Running;
beforeAll(async () => {
  paypal = await standInForPayPal();
  running = await run({ accounts: () => [ACCOUNT, ADYEN, GOCARDLESS, paypal.account] });
  await running.follow();
});
afterAll(async () => {
  await running.stop();
  await paypal.stop();
});

type Gateway = 'adyen' | 'paypal' | 'gocardless';

async function post(
  gateway: Gateway,
  { body, headers }: SimulatedWebhook,
  more: Readonly<Record<string, string>> = {},
  account = `${gateway}-main`,
): Promise<number> {
  const url = `${running.service.url}/webhooks/${gateway}/${account}`;
  const sent = { ...headers, ...more };
  const response = await fetch(url, { method: 'POST', body: new Uint8Array(body), headers: sent });
  await response.arrayBuffer();
  return response.status;
}

const adyen = (event: string, story: string, fields: object = {}) =>
  adyenWebhook([{ ...adyenItem(happening(event, story), MERCHANT_ACCOUNT), ...fields }], {
    hexKey: ADYEN_KEY,
  });
function unsigned(): SimulatedWebhook {
  const item = adyenItem(happening('CAPTURE', 'no'), MERCHANT_ACCOUNT);
  const body = { notificationItems: [{ NotificationRequestItem: item }] };
  return { body: Buffer.from(JSON.stringify(body)), headers: {} };
}
const gocardless = (event: string, story: string, fields: object = {}) =>
  gocardlessWebhook(
    [{ ...gocardlessEvent(happening(event, story)), ...fields }],
    GOCARDLESS_SECRET,
  );
const claimed = (event: string, story: string, resource: object = {}) => {
  const made = paypalEvent(happening(event, story));
  return { ...made, resource: { ...(made['resource'] as object), ...resource } };
};
const byPaypal = (event: string, story: string, resource: object = {}) =>
  paypalWebhook(claimed(event, story, resource), paypal.signer);

const signedByGoCardless = (body: Buffer): SimulatedWebhook => {
  const signature = createHmac('sha256', GOCARDLESS_SECRET).update(body).digest('hex');
  return { body, headers: { 'webhook-signature': signature } };
};

/** The messages of the payment that hold this text, by type. */
async function told(text: string): Promise<readonly string[]> {
  const rows = await running.facts.readLane(partitionOf(PAYMENT), 0n, 10_000);
  return rows
    .filter(({ data }) => data.includes(text))
    .map(({ type, data }) => {
      const decoded = decode(GATEWAY_NOTIFICATIONS, type as 'FactRecorded', data);
      if (!decoded.ok) throw new Error(`not a ${type}`);
      const { fact } = decoded.data;
      return `${type} ${fact.type === 'operation' ? `${fact.kind} ${fact.outcome}` : fact.type}`;
    });
}

const parkedBy = async (text: string) =>
  (await running.facts.parked({})).filter(({ headers }) => headers['evidence']?.includes(text));

/** What was parked for this evidence, once it is. */
const parked = (text: string, count = 1) =>
  eventually(`${text} is parked`, async () => {
    const rows = await parkedBy(text);
    return rows.length >= count && rows;
  });

const digestOf = (body: Buffer): string => createHash('sha256').update(body).digest('hex');

const BROKEN = Buffer.from('{"events": [');

describe('a webhook of each gateway', () => {
  it('is stored, and told as facts; PayPal’s as unconfirmed ones', async () => {
    expect(await post('adyen', adyen('AUTHORISATION', 'good'))).toBe(200);
    expect(await post('gocardless', gocardless('payments.confirmed', 'good'))).toBe(204);
    expect(await post('paypal', byPaypal('PAYMENT.CAPTURE.COMPLETED', 'good'))).toBe(200);
    await eventually('all three are told', async () => {
      const all = [
        ...(await told('adyen-main')),
        ...(await told('gocardless-main')),
        ...(await told('paypal-main')),
      ];
      return all.length === 3 && all;
    });
    expect(await told('adyen-main')).toEqual(['FactRecorded authorization succeeded']);
    expect(await told('gocardless-main')).toEqual(['FactRecorded capture succeeded']);
    expect(await told('paypal-main')).toEqual(['UnconfirmedFact capture succeeded']);
  });

  it('repeated is stored once, and told once', async () => {
    const before = (await told('adyen-main')).length;
    const twice = adyen('AUTHORISATION', 'twice');
    expect([await post('adyen', twice), await post('adyen', twice)]).toEqual([200, 200]);
    const again = paypalWebhook(claimed('PAYMENT.CAPTURE.PENDING', 'twice'), paypal.signer, {
      id: 'twice',
    });
    expect([await post('paypal', again), await post('paypal', again)]).toEqual([200, 200]);
    await eventually('both are told', async () => (await told('a1/AUTHORISATION')).length > before);
    expect((await told('adyen-main')).length).toBe(before + 1);
    expect(await parkedBy('"twice"')).toEqual([]);
  });

  it.each<[Gateway, number, () => SimulatedWebhook]>([
    ['adyen', 401, () => unsigned()],
    [
      'gocardless',
      498,
      () => ({ ...gocardless('payments.created', 'no'), headers: { 'webhook-signature': '00' } }),
    ],
    [
      'paypal',
      401,
      () => {
        const { body, headers } = byPaypal('CHECKOUT.ORDER.APPROVED', 'no');
        return { body, headers: { ...headers, 'paypal-transmission-id': 'another' } };
      },
    ],
  ])('of %s with a signature that is none is refused with %i', async (gateway, status, make) => {
    const webhook = make();
    expect(await post(gateway, webhook)).toBe(status);
    expect(await parkedBy(digestOf(webhook.body))).toEqual([]);
  });

  it.each<[Gateway, () => SimulatedWebhook]>([
    ['adyen', () => adyen('CAPTURE', 'nobody')],
    ['gocardless', () => gocardless('payments.created', 'nobody')],
    ['paypal', () => byPaypal('PAYMENT.CAPTURE.COMPLETED', 'nobody')],
  ])('of %s for an account we don’t have is 404', async (gateway, make) => {
    expect(await post(gateway, make(), {}, 'nobody')).toBe(404);
    expect(await post(gateway, make(), {}, 'stripe-main')).toBe(404);
  });

  it('is taken whatever its content type says', async () => {
    const headers = { 'content-type': 'text/plain' };
    expect(await post('adyen', adyen('CAPTURE', 'plain'), headers)).toBe(200);
    expect(await post('gocardless', gocardless('payments.created', 'plain'), headers)).toBe(204);
    expect(await post('paypal', byPaypal('PAYMENT.CAPTURE.PENDING', 'plain'), headers)).toBe(200);
  });
});

describe('what can’t be read', () => {
  it('of Adyen can’t be verified where it is no JSON, for its signatures are in it', async () => {
    expect(await post('adyen', { body: BROKEN, headers: {} })).toBe(401);
  });

  it.each<[string, Gateway, () => SimulatedWebhook]>([
    ['cut-off JSON', 'gocardless', () => signedByGoCardless(BROKEN)],
    ['cut-off JSON', 'paypal', () => paypalWebhook(BROKEN, paypal.signer)],
    [
      'half a cent',
      'adyen',
      () => adyen('CAPTURE', 'half', { amount: { value: 0.5, currency: 'EUR' } }),
    ],
    [
      'less than nothing',
      'adyen',
      () => adyen('CAPTURE', 'less', { amount: { value: -1, currency: 'EUR' } }),
    ],
    [
      'a huge number',
      'adyen',
      () => adyen('CAPTURE', 'huge', { amount: { value: 1e30, currency: 'EUR' } }),
    ],
    [
      'a currency that is none',
      'adyen',
      () => adyen('CAPTURE', 'xxx', { amount: { value: 1, currency: 'XXX' } }),
    ],
    [
      'less than nothing',
      'paypal',
      () =>
        byPaypal('PAYMENT.CAPTURE.COMPLETED', 'less', {
          amount: { currency_code: 'EUR', value: '-1.00' },
        }),
    ],
    [
      'a huge number',
      'paypal',
      () =>
        byPaypal('PAYMENT.CAPTURE.COMPLETED', 'huge', {
          amount: { currency_code: 'EUR', value: '9'.repeat(30) },
        }),
    ],
    [
      'half a cent',
      'paypal',
      () =>
        byPaypal('PAYMENT.CAPTURE.COMPLETED', 'half', {
          amount: { currency_code: 'EUR', value: '0.005' },
        }),
    ],
    [
      'a currency that is none',
      'paypal',
      () =>
        byPaypal('PAYMENT.CAPTURE.COMPLETED', 'xxx', {
          amount: { currency_code: 'XXX', value: '1.00' },
        }),
    ],
    [
      'a link that is missing',
      'gocardless',
      () => gocardless('payments.failed', 'link', { links: {} }),
    ],
    [
      'a number for an id',
      'gocardless',
      () => gocardless('payments.failed', 'number', { id: 1e30 }),
    ],
  ])('for %s is stored and parked: %s', async (_, gateway, make) => {
    const webhook = make();
    expect(await post(gateway, webhook)).toBe(gateway === 'gocardless' ? 204 : 200);
    const [row] = await parked(digestOf(webhook.body));
    expect(row).toMatchObject({ kind: 'poison', stage: 'map' });
    expect(row?.value?.equals(webhook.body)).toBe(true);
  });

  it('does not hold up what comes with it: each of many things is told or parked on its own', async () => {
    const items = [
      adyenItem(happening('AUTHORISATION', 'many'), MERCHANT_ACCOUNT),
      {
        ...adyenItem(happening('CAPTURE', 'many'), MERCHANT_ACCOUNT),
        amount: { value: -1, currency: 'EUR' },
      },
      adyenItem(
        happening('REFUND', 'many', { paymentId: 'order-9', story: 'elsewhere' }),
        MERCHANT_ACCOUNT,
      ),
    ];
    const webhook = adyenWebhook(items, { hexKey: ADYEN_KEY });
    expect(await post('adyen', webhook)).toBe(200);
    const rows = await parked(digestOf(webhook.body), 2);
    expect(rows.map(({ kind, headers }) => `${kind} ${headers['item']}`).sort()).toEqual([
      'poison 2/3',
      'unresolved 3/3',
    ]);
    const authorization = String(items[0]?.['pspReference']);
    expect(await told(authorization)).toEqual(['FactRecorded authorization succeeded']);
  });
});

describe('a webhook about a payment we don’t know', () => {
  it.each<[Gateway, () => SimulatedWebhook]>([
    ['adyen', () => adyen('CAPTURE', 'unknown', { merchantReference: 'order-8' })],
    ['gocardless', () => gocardless('payments.failed', 'unknown', { resource_metadata: {} })],
    ['paypal', () => byPaypal('PAYMENT.CAPTURE.COMPLETED', 'unknown', { custom_id: 'order-8' })],
  ])('of %s is stored and waits', async (gateway, make) => {
    const webhook = make();
    expect(await post(gateway, webhook)).toBeLessThan(300);
    const [row] = await parked(digestOf(webhook.body));
    expect(row).toMatchObject({ kind: 'unresolved', stage: 'resolve' });
    // By its reference it becomes a payment found there, in time: not by one that nobody signed.
    expect((row?.reference ?? null) === null).toBe(gateway === 'paypal');
  });

  it('of Adyen is told once another names the payment for one of its references', async () => {
    const refund = adyen('REFUND', 'later', { merchantReference: 'order-10' });
    expect(await post('adyen', refund)).toBe(200);
    const [row] = await parked(digestOf(refund.body));
    expect(await post('adyen', adyen('AUTHORISATION', 'later'))).toBe(200);
    const ready = await eventually('it is ready', async () => {
      const rows = await running.facts.parked({ status: 'ready' });
      return rows.filter(({ id }) => id === row?.id).length === 1 && rows;
    });
    await running.mapper.replay(ready.filter(({ id }) => id === row?.id));
    expect(await told(digestOf(refund.body))).toEqual(['FactRecorded refund succeeded']);
  });
});

it('a signature of PayPal is shown to nobody: it vouches for other bodies too', async () => {
  const { body, headers } = byPaypal('CHECKOUT.ORDER.APPROVED', 'shown');
  const elsewhere = { ...headers, 'paypal-cert-url': 'https://127.0.0.1:1/certificate' };
  expect(await post('paypal', { body, headers: elsewhere })).toBe(401);
  const list = await eventually('it is listed', async () => {
    const { rejected } = await running.get<{ rejected: { reason: string; headers: object }[] }>(
      '/operations/webhooks/rejected',
    );
    const some = rejected.filter(({ reason }) => reason === 'certificate_address_not_allowed');
    return some.length > 0 && JSON.stringify(some);
  });
  expect(list).toContain(headers['paypal-transmission-id']);
  expect(list).not.toContain(headers['paypal-transmission-sig']);
});

describe('one transmission of PayPal with two bodies', () => {
  /** They have one checksum, so one signature. */
  const [genuine, forged] = [
    '{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"CAP1","amount":{"currency_code":"USD","value":"1.00"}}}',
    '{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"CAP1","amount":{"currency_code":"USD","value":"9999.00"}},"x":"hldep9fa"}',
  ].map((text) => Buffer.from(text)) as [Buffer, Buffer];

  it('is kept apart: the second body is evidence, is parked, and is never read', async () => {
    const { headers } = paypalWebhook(genuine, paypal.signer, { id: 'colliding' });
    expect(await post('paypal', { body: genuine, headers })).toBe(200);
    expect(await post('paypal', { body: forged, headers })).toBe(200);
    expect(await post('paypal', { body: forged, headers })).toBe(200);
    const rows = await parked(digestOf(forged));
    expect(rows).toMatchObject([{ kind: 'poison', stage: 'quarantine' }]);
    expect(rows[0]?.value?.equals(forged)).toBe(true);
    expect(await told(digestOf(forged))).toEqual([]);
    // Nor does a replay read it, as long as nobody looked at it.
    await expect(running.mapper.replay(rows)).rejects.toThrow(/forged/);
  });
});
