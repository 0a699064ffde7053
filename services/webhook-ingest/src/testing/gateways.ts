import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewayAccount } from '@paylog/gateways';
import {
  createAuthority,
  issue,
  type Happening,
  type PayPalSigner,
} from '@paylog/gateways/simulated';
import { PAYMENT } from './stripe.js';

/** Accounts at the gateways beside Stripe, and what their webhooks are signed with, for this service's specs. */

export const ADYEN_KEY = '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056';
export const MERCHANT_ACCOUNT = 'PaylogSpec';
export const GOCARDLESS_SECRET = 'spec-secret';
const WEBHOOK_ID = 'WEBHOOK-OF-THE-SPEC';

const base = {
  mode: 'test',
  apiBaseUrl: 'http://127.0.0.1:1',
  settlement: { dueDays: 0 },
} as const;

export const ADYEN: GatewayAccount = {
  ...base,
  account: 'adyen-main',
  gateway: 'adyen',
  webhookSecrets: [{ name: 'ADYEN_KEY', value: ADYEN_KEY }],
  adyen: { merchantAccount: MERCHANT_ACCOUNT },
};

export const GOCARDLESS: GatewayAccount = {
  ...base,
  account: 'gocardless-main',
  gateway: 'gocardless',
  webhookSecrets: [{ name: 'GOCARDLESS_SECRET', value: GOCARDLESS_SECRET }],
};

/** Something a gateway tells of, about the payment of the specs unless said otherwise. */
export const happening = (
  event: string,
  story: string,
  more: Partial<Happening> = {},
): Happening => ({
  event,
  story,
  paymentId: PAYMENT,
  amount: { minor: 10_000n, currency: 'EUR' },
  at: '2026-03-01T12:00:00.000Z',
  ...more,
});

export interface PayPalStandIn {
  readonly account: GatewayAccount;
  readonly signer: PayPalSigner;
  stop(): Promise<void>;
}

/** An authority of our own, and the host where certificates are. */
export async function standInForPayPal(): Promise<PayPalStandIn> {
  const folder = mkdtempSync(join(tmpdir(), 'paypal-stand-in-'));
  const root = await createAuthority('Root of the spec');
  const trustRootsFile = join(folder, 'roots.pem');
  writeFileSync(trustRootsFile, root.certificate);
  const signing = await issue(root, 'Signer');
  const own = await issue(root, 'Host', { addresses: ['127.0.0.1'] });
  const server = createServer({ key: own.privateKey, cert: own.certificate }, (_, response) => {
    response.end(signing.certificate);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    account: {
      ...base,
      account: 'paypal-main',
      gateway: 'paypal',
      webhookSecrets: [{ name: 'PAYPAL_WEBHOOK_ID', value: WEBHOOK_ID }],
      paypal: { certificateHosts: [host], trustRootsFile },
    },
    signer: {
      webhookId: WEBHOOK_ID,
      certificateUrl: `https://${host}/certificate`,
      privateKey: signing.privateKey,
    },
    async stop() {
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}
