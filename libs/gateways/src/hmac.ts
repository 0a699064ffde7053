import { createHmac, timingSafeEqual } from 'node:crypto';
import type { WebhookSecret } from './accounts.js';

export type HmacEncoding = 'hex' | 'base64';

/**
 * The first of these secrets that gives this signature, compared in constant time. A signature of another length is
 * none. `keyOf` says which bytes a secret stands for; undefined: it is none for this gateway.
 */
export function secretBehind(
  signature: string,
  encoding: HmacEncoding,
  secrets: readonly WebhookSecret[],
  data: Uint8Array | string,
  keyOf: (value: string) => Buffer | undefined,
): WebhookSecret | undefined {
  const given = Buffer.from(signature, encoding);
  return secrets.find(({ value }) => {
    const key = keyOf(value);
    if (key === undefined) return false;
    const ours = createHmac('sha256', key).update(data).digest();
    return given.length === ours.length && timingSafeEqual(given, ours);
  });
}
