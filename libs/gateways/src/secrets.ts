import type { WebhookSecret } from './accounts.js';

/** Secrets that count at the time of receipt: from `notBefore` on, until just before `notAfter`. */
export function activeSecrets(
  secrets: readonly WebhookSecret[],
  receivedAt: string,
): readonly WebhookSecret[] {
  const at = Date.parse(receivedAt);
  return secrets.filter(({ notBefore, notAfter }) => {
    if (notBefore !== undefined && at < Date.parse(notBefore)) return false;
    return notAfter === undefined || at < Date.parse(notAfter);
  });
}
