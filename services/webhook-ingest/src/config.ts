import { readAccounts } from '@paylog/gateways';
import { readConfig, text } from '@paylog/http';
import { BASE_SETTINGS } from '@paylog/service';

export function config() {
  const settings = readConfig({ ...BASE_SETTINGS, accountsFile: text('GATEWAY_ACCOUNTS_FILE') });
  const accounts = readAccounts({
    file: settings.accountsFile,
    mode: settings.mode,
    env: process.env,
    secrets: 'webhooks',
  });
  return { ...settings, accounts };
}
