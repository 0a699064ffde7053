import { createSign, verify as verifyWith, type KeyObject } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { GatewayAccount, WebhookSecret } from '../accounts.js';
import { parseJson, type Parsed } from '../json.js';
import { activeSecrets } from '../secrets.js';
import type { Unsigned, Verified } from '../signed.js';
import { headerOf, type WebhookDelivery, type WebhookVerdict } from '../webhooks.js';
import { Certificates, type CertificateAnswer, type CertificateSettings } from './certificates.js';

export const HEADERS = {
  id: 'paypal-transmission-id',
  time: 'paypal-transmission-time',
  signature: 'paypal-transmission-sig',
  certificate: 'paypal-cert-url',
  algorithm: 'paypal-auth-algo',
} as const;

const ALGORITHM = 'SHA256withRSA';

/** What PayPal signs. Of the body it is a checksum: another body with the same one is found in a second. */
interface Envelope {
  readonly id: string;
  readonly time: string;
  readonly crc: number;
  readonly signature: Buffer;
}

const stores = new WeakMap<CertificateSettings, Certificates>();

/**
 * Does PayPal vouch for this envelope, for one of the account's webhooks? At once where the certificate is held. There is
 * no window of time: whether a retry renews the time is not established, and one would refuse every retry if not.
 */
export function verify(
  delivery: WebhookDelivery,
  { webhookSecrets, paypal }: Pick<GatewayAccount, 'webhookSecrets' | 'paypal'>,
): WebhookVerdict | Promise<WebhookVerdict> {
  const envelope = envelopeOf(delivery);
  if (typeof envelope === 'string') return refused(envelope);
  const webhooks = activeSecrets(webhookSecrets, delivery.receivedAt);
  if (webhooks.length === 0) return refused('no_active_secret');
  const certificates = paypal && storeOf(paypal);
  const address = headerOf(delivery.headers, HEADERS.certificate) ?? '';
  if (!certificates?.allows(address)) return refused('certificate_address_not_allowed');
  const judge = (certificate: CertificateAnswer): WebhookVerdict =>
    judgeBy(certificate, envelope, webhooks, Date.parse(delivery.receivedAt));
  const certificate = certificates.at(address);
  return certificate instanceof Promise ? certificate.then(judge) : judge(certificate);
}

/** The id of the transmission, which the signature covers. */
export function transmissionIn(headers: WebhookDelivery['headers']): string | undefined {
  return headerOf(headers, HEADERS.id);
}

/** Nothing in a body is signed. */
export function parseBody(body: Verified): Parsed<Unsigned<unknown>> {
  const parsed = parseJson(body);
  return parsed.ok ? { ok: true, value: { unsigned: parsed.value } } : parsed;
}

/** As PayPal signs a body: for the sandbox and for tests. */
export function signatureOf(
  body: Uint8Array,
  {
    id,
    time,
    webhookId,
  }: { readonly id: string; readonly time: string; readonly webhookId: string },
  key: KeyObject,
): string {
  const message = messageOf({ id, time, crc: crc32(body) }, webhookId);
  return createSign('RSA-SHA256').update(message).sign(key, 'base64');
}

function envelopeOf({ body, headers }: WebhookDelivery): Envelope | string {
  const id = headerOf(headers, HEADERS.id) ?? '';
  const time = headerOf(headers, HEADERS.time) ?? '';
  const signature = headerOf(headers, HEADERS.signature) ?? '';
  if (id === '' || time === '' || signature === '') return 'header_missing';
  // Between the two the signed text could be cut in several ways, and one transmission pass for many.
  if (!/^[!-{}~]{1,200}$/.test(id) || !/^[!-{}~]{1,100}$/.test(time)) return 'header_malformed';
  if (headerOf(headers, HEADERS.algorithm) !== ALGORITHM) return 'algorithm_not_allowed';
  return { id, time, crc: crc32(body), signature: Buffer.from(signature, 'base64') };
}

function judgeBy(
  certificate: CertificateAnswer,
  envelope: Envelope,
  webhooks: readonly WebhookSecret[],
  receivedMs: number,
): WebhookVerdict {
  if (certificate === 'unavailable') {
    return { valid: false, reason: 'certificate_unavailable', again: true };
  }
  if (certificate === 'untrusted') return refused('certificate_untrusted');
  if (!certificate.validAt(receivedMs)) return refused('certificate_not_valid_then');
  const matching = webhooks.find(({ value }) =>
    verifyWith(
      'RSA-SHA256',
      Buffer.from(messageOf(envelope, value)),
      certificate.key,
      envelope.signature,
    ),
  );
  return matching === undefined
    ? refused('signature_mismatch')
    : { valid: true, secretName: matching.name };
}

const messageOf = ({ id, time, crc }: Omit<Envelope, 'signature'>, webhookId: string): string =>
  `${id}|${time}|${webhookId}|${crc}`;

function storeOf(settings: CertificateSettings): Certificates {
  const known = stores.get(settings);
  if (known) return known;
  const made = new Certificates(settings);
  stores.set(settings, made);
  return made;
}

const refused = (reason: string): WebhookVerdict => ({ valid: false, reason });
