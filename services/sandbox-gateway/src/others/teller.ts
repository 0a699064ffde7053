import {
  adyenItem,
  adyenWebhook,
  authorityAt,
  type CertificateHost,
  gocardlessEvent,
  gocardlessWebhook,
  type Happening,
  hostCertificate,
  paypalEvent,
  paypalWebhook,
  type SimulatedWebhook,
} from '@paylog/gateways/simulated';
import type { OtherGateways } from './config.js';

export type OtherGateway = keyof OtherGateways;

/** What other gateways would tell of a payment: signed as they sign it, and sent where they would send it. */
export class OtherTeller {
  #host: Promise<CertificateHost> | undefined;

  constructor(private readonly gateways: OtherGateways) {}

  knows(gateway: OtherGateway): boolean {
    return this.gateways[gateway] !== undefined;
  }

  /** Sends it as often as is said; answers the status of each. Throws a `RangeError` for what a gateway can't tell. */
  async tell(
    gateway: OtherGateway,
    happening: Happening,
    { times, signedWrong }: { readonly times: number; readonly signedWrong: boolean },
  ): Promise<readonly number[]> {
    const { webhookUrl } = this.#of(gateway);
    const { body, headers } = await this.#sign(gateway, happening, signedWrong);
    const answers: number[] = [];
    for (let i = 0; i < times; i++) {
      const response = await fetch(webhookUrl, {
        method: 'POST',
        body: new Uint8Array(body),
        headers,
        redirect: 'manual',
      });
      await response.arrayBuffer();
      answers.push(response.status);
    }
    return answers;
  }

  async close(): Promise<void> {
    await (await this.#host)?.close();
  }

  async #sign(
    gateway: OtherGateway,
    happening: Happening,
    wrong: boolean,
  ): Promise<SimulatedWebhook> {
    switch (gateway) {
      case 'adyen': {
        const { merchantAccount, hexKey } = this.#of('adyen');
        const item = adyenItem(happening, merchantAccount);
        return adyenWebhook([item], { hexKey: wrong ? reversed(hexKey) : hexKey });
      }
      case 'gocardless': {
        const { secret } = this.#of('gocardless');
        return gocardlessWebhook([gocardlessEvent(happening)], wrong ? reversed(secret) : secret);
      }
      case 'paypal': {
        const { webhookId, authorityFile, rootsFile } = this.#of('paypal');
        const event = paypalEvent(happening);
        this.#host ??= authorityAt(authorityFile, rootsFile).then(hostCertificate);
        const host = await this.#host;
        return paypalWebhook(event, host.signerOf(wrong ? reversed(webhookId) : webhookId));
      }
    }
  }

  #of<G extends OtherGateway>(gateway: G): NonNullable<OtherGateways[G]> {
    const known = this.gateways[gateway];
    if (known) return known;
    throw new RangeError(`${gateway} is not in SANDBOX_OTHER_GATEWAYS`);
  }
}

/** A secret that nobody has, in the same alphabet. */
const reversed = (text: string): string => Buffer.from(text, 'latin1').reverse().toString('latin1');
