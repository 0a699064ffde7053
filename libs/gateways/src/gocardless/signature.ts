import { createHmac } from 'node:crypto';
import type { GatewayAccount } from '../accounts.js';
import { secretBehind } from '../hmac.js';
import { parseJson, type Parsed } from '../json.js';
import { activeSecrets } from '../secrets.js';
import { signed, type Signed, type Verified } from '../signed.js';
import { headerOf, type WebhookDelivery, type WebhookVerdict } from '../webhooks.js';

export const SIGNATURE_HEADER = 'webhook-signature';

/** Does one of the endpoint's active secrets vouch for these bytes? Pure. */
export function verify(
  { body, headers, receivedAt }: WebhookDelivery,
  { webhookSecrets }: Pick<GatewayAccount, 'webhookSecrets'>,
): WebhookVerdict {
  const signature = headerOf(headers, SIGNATURE_HEADER);
  if (signature === undefined || signature === '') return refused('header_missing');
  const secrets = activeSecrets(webhookSecrets, receivedAt);
  if (secrets.length === 0) return refused('no_active_secret');
  const secret = secretBehind(signature, 'hex', secrets, body, keyOf);
  return secret === undefined
    ? refused('signature_mismatch')
    : { valid: true, secretName: secret.name };
}

/** Every field of a verified body: the signature covers all of them. */
export function parseBody(body: Verified): Parsed<Signed<unknown>> {
  const parsed = parseJson(body);
  return parsed.ok ? { ok: true, value: signed(parsed.value) } : parsed;
}

/** As GoCardless signs a body: for the sandbox and for tests. */
export function signatureOf(body: Uint8Array, secret: string): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

const keyOf = (value: string): Buffer => Buffer.from(value, 'utf8');
const refused = (reason: string): WebhookVerdict => ({ valid: false, reason });
