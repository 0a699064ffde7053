import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Configuration } from './configuration.js';

type Where = Pick<Configuration, 'folder' | 'files'>;

interface Listed {
  readonly account: string;
  readonly webhookSecrets: readonly { readonly secret: string }[];
}

/** Adds a webhook secret to those of an account, as `infra/runbooks/rotate-a-webhook-secret.md` says. */
export function addWebhookSecret(where: Where, account: string, secret: string, value: string) {
  replace(join(where.folder, secret), value);
  list(where, account, (secrets) => [
    ...secrets.filter((each) => each.secret !== secret),
    { secret },
  ]);
}

/** Revokes one: its file first, for that is what counts. */
export function revokeWebhookSecret(where: Where, account: string, secret: string) {
  rmSync(join(where.folder, secret), { force: true });
  list(where, account, (secrets) => secrets.filter((each) => each.secret !== secret));
}

function list(
  { files }: Where,
  account: string,
  change: (secrets: Listed['webhookSecrets']) => Listed['webhookSecrets'],
): void {
  const listed = JSON.parse(readFileSync(files.gatewayAccounts, 'utf8')) as Listed[];
  const changed = listed.map((each) =>
    each.account === account ? { ...each, webhookSecrets: change(each.webhookSecrets) } : each,
  );
  replace(files.gatewayAccounts, `${JSON.stringify(changed, null, 2)}\n`);
}

/** Whoever reads finds the old content or the new one, never half of it. */
function replace(file: string, content: string): void {
  writeFileSync(`${file}.tmp`, content, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}
