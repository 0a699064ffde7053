import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GatewayName } from '@paylog/gateways';
import {
  adyenItem,
  adyenWebhook,
  authorityAt,
  gocardlessEvent,
  gocardlessWebhook,
  type Happening,
  hostCertificate,
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
  const { paypalAuthorityFile, paypalRootsFile } = OTHER_GATEWAYS;
  const authority = await authorityAt(
    join(folder, paypalAuthorityFile),
    join(folder, paypalRootsFile),
  );
  const host = await hostCertificate(authority);
  return {
    sign(happening, { badSignature }) {
      const claimed = badSignature ? `${webhookId}0` : webhookId;
      return paypalWebhook(paypalEvent(happening), host.signerOf(claimed));
    },
    close: () => host.close(),
  };
}
