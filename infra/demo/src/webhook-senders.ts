import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { GatewayName } from '@paylog/gateways';
import {
  adyenItem,
  adyenWebhook,
  type Authority,
  createAuthority,
  gocardlessEvent,
  gocardlessWebhook,
  type Happening,
  issue,
  paypalEvent,
  paypalWebhook,
  type SimulatedWebhook,
  stripeEvent,
  stripeWebhook,
} from '@paylog/gateways/simulated';
import { OTHER_GATEWAYS } from '@paylog/local';

/** Signs what a gateway would send with the secrets of a local system. */
export interface WebhookSender {
  sign(happening: Happening, options: { readonly badSignature: boolean }): SimulatedWebhook;
  /** Once the webhook is answered: the host of PayPal's certificate must stay until then. */
  close(): Promise<void>;
}

/** `folder`: where the system's configuration and secrets lie. */
export async function senderFor(gateway: GatewayName, folder: string): Promise<WebhookSender> {
  const secret = (name: string): string => readFileSync(join(folder, name), 'utf8').trim();
  switch (gateway) {
    case 'stripe':
      return simple((happening, bad) =>
        stripeWebhook(stripeEvent(happening), spoilt(secret('STRIPE_MAIN_WEBHOOK_SECRET'), bad)),
      );
    case 'adyen': {
      const { adyenMerchantAccount } = OTHER_GATEWAYS;
      return simple((happening, bad) =>
        adyenWebhook([adyenItem(happening, adyenMerchantAccount)], {
          hexKey: spoilt(secret('ADYEN_MAIN_HMAC_KEY'), bad),
        }),
      );
    }
    case 'gocardless':
      return simple((happening, bad) =>
        gocardlessWebhook(
          [gocardlessEvent(happening)],
          spoilt(secret('GOCARDLESS_MAIN_WEBHOOK_SECRET'), bad),
        ),
      );
    case 'paypal':
      return paypalSender(folder, secret('PAYPAL_MAIN_WEBHOOK_ID'));
  }
}

function simple(sign: (happening: Happening, bad: boolean) => SimulatedWebhook): WebhookSender {
  return {
    sign: (happening, { badSignature }) => sign(happening, badSignature),
    close: () => Promise.resolve(),
  };
}

/** Of the same length and alphabet, and of nobody. */
const spoilt = (secret: string, bad: boolean): string =>
  bad ? secret.slice(0, -4) + (secret.endsWith('0000') ? '1111' : '0000') : secret;

/** An authority of the system's own vouches for the certificate, which is served as long as this sender is open. */
async function paypalSender(folder: string, webhookId: string): Promise<WebhookSender> {
  const authority = await authorityIn(folder);
  const signing = await issue(authority, 'Signer');
  const own = await issue(authority, 'Host', { addresses: ['127.0.0.1'] });
  const server = createServer({ key: own.privateKey, cert: own.certificate }, (_, response) => {
    response.end(signing.certificate);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const certificateUrl = `https://127.0.0.1:${port}/certificates/${randomUUID()}`;
  const { privateKey } = signing;
  return {
    sign(happening, { badSignature }) {
      const claimed = badSignature ? `${webhookId}0` : webhookId;
      return paypalWebhook(paypalEvent(happening), {
        webhookId: claimed,
        certificateUrl,
        privateKey,
      });
    },
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

/** Made once a system, where webhook-ingest looks for it. */
async function authorityIn(folder: string): Promise<Authority> {
  const file = join(folder, 'paypal-authority.json');
  if (!existsSync(file)) {
    const made = await createAuthority('Paylog local');
    writeFileSync(file, JSON.stringify(made), { mode: 0o600 });
  }
  const authority = JSON.parse(readFileSync(file, 'utf8')) as Authority;
  writeFileSync(join(folder, OTHER_GATEWAYS.paypalRootsFile), authority.certificate);
  return authority;
}
