import { followAccounts } from '@paylog/gateways';
import { readConfig, text } from '@paylog/http';
import { createLogger } from '@paylog/observability';
import { BASE_SETTINGS } from '@paylog/service';

export function config() {
  const settings = readConfig({ ...BASE_SETTINGS, accountsFile: text('GATEWAY_ACCOUNTS_FILE') });
  const accounts = followAccounts({
    file: settings.accountsFile,
    mode: settings.mode,
    env: process.env,
    secrets: 'webhooks',
    logger: createLogger('webhook-ingest'),
  });
  return { ...settings, accounts };
}
