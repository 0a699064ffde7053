import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GatewayAccount, verified, type WebhookDelivery, webhooksOf } from '@paylog/gateways';
import { SIMULATED_EVENTS } from '@paylog/gateways/simulated';
import { type Sandbox, startSandbox } from '../sandbox.js';

const PAYMENT = `pay${'a'.repeat(26)}`;
const folder = mkdtempSync(join(tmpdir(), 'sandbox-others-'));
const rootsFile = join(folder, 'roots.pem');

const base = {
  mode: 'test',
  apiBaseUrl: 'http://127.0.0.1:1',
  settlement: { dueDays: 0 },
} as const;
const secret = (value: string) => ({ webhookSecrets: [{ name: 'SECRET', value }] });
const HEX_KEY = '0123456789abcdef'.repeat(4);
const ACCOUNTS: Readonly<Record<string, GatewayAccount>> = {
  adyen: {
    ...base,
    ...secret(HEX_KEY),
    account: 'adyen-main',
    gateway: 'adyen',
    adyen: { merchantAccount: 'Shop' },
  },
  gocardless: { ...base, ...secret('of-gocardless'), account: 'g', gateway: 'gocardless' },
  paypal: {
    ...base,
    ...secret('WEBHOOK-1'),
    account: 'paypal-main',
    gateway: 'paypal',
    paypal: { certificateHosts: ['127.0.0.1:*'], trustRootsFile: rootsFile },
  },
};

let receiver: Server;
let sandbox: Sandbox;
const heard: (WebhookDelivery & { gateway: string })[] = [];
beforeAll(async () => {
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const gateway = (request.url ?? '').slice(1);
      const body = Buffer.concat(chunks);
      heard.push({ gateway, body, headers: request.headers, receivedAt: new Date().toISOString() });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  sandbox = await startSandbox(
    {
      seed: '1',
      accounts: [],
      otherGateways: {
        adyen: { webhookUrl: `${url}/adyen`, merchantAccount: 'Shop', hexKey: HEX_KEY },
        gocardless: { webhookUrl: `${url}/gocardless`, secret: 'of-gocardless' },
        paypal: {
          webhookUrl: `${url}/paypal`,
          webhookId: 'WEBHOOK-1',
          authorityFile: join(folder, 'authority.json'),
          rootsFile,
        },
      },
    },
    { host: '127.0.0.1', port: 0 },
  );
});
afterAll(async () => {
  await sandbox.close();
  await new Promise((resolve) => receiver.close(resolve));
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  heard.length = 0;
});

async function tell(gateway: string, body: object): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(`${sandbox.url}/sandbox/other-gateways/${gateway}/webhooks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, answer: await response.json() };
}

async function verdictOf(delivery: WebhookDelivery & { gateway: string }): Promise<boolean> {
  const account = ACCOUNTS[delivery.gateway];
  if (account === undefined) throw new Error(`of ${delivery.gateway}`);
  return (await webhooksOf(delivery.gateway).verify(delivery, account)).valid;
}

describe.each([
  ['adyen', 'CHARGEBACK'],
  ['paypal', 'PAYMENT.CAPTURE.COMPLETED'],
  ['gocardless', 'payments.charged_back'],
])('what the sandbox tells as %s', (gateway, event) => {
  it('is signed as that gateway signs, and names the payment', async () => {
    const { answer } = await tell(gateway, { event, paymentId: PAYMENT, amount: 2_500, times: 2 });
    expect(answer).toEqual({ answers: [204, 204] });
    expect(heard[1]?.body.equals(heard[0]?.body ?? Buffer.alloc(0))).toBe(true);
    for (const delivery of heard) {
      expect(await verdictOf(delivery)).toBe(true);
      const context = { account: 'main', mode: 'test', paymentOf: () => undefined } as const;
      expect(webhooksOf(gateway).read(verified(delivery.body), context)).toMatchObject([
        { kind: 'facts', eventType: event, paymentId: PAYMENT },
      ]);
    }
  });

  it('is signed by nobody when that is asked for', async () => {
    await tell(gateway, { event, signedWrong: true });
    expect(heard).toHaveLength(1);
    for (const delivery of heard) expect(await verdictOf(delivery)).toBe(false);
  });

  it('may be any of its events, and no other', async () => {
    for (const each of SIMULATED_EVENTS[gateway as 'adyen']) {
      expect((await tell(gateway, { event: each, paymentId: PAYMENT })).status).toBe(200);
    }
    expect(await tell(gateway, { event: 'nothing.known' })).toMatchObject({ status: 400 });
  });
});

it('knows no gateway that it was not told of', async () => {
  expect((await tell('stripe', { event: 'charge.succeeded' })).status).toBe(404);
});
