import { followAccounts } from '@paylog/gateways';
import { milliseconds, readConfig, text } from '@paylog/http';
import { createLogger } from '@paylog/observability';
import { BASE_SETTINGS } from '@paylog/service';

export function config() {
  const settings = readConfig({
    ...BASE_SETTINGS,
    accountsFile: text('GATEWAY_ACCOUNTS_FILE'),
    /** What waits for its payment so long is about one that nobody asked us for. */
    foreignAfterMs: milliseconds('FOREIGN_AFTER_MS', { default: 72 * 3_600_000 }),
  });
  const accounts = followAccounts({
    file: settings.accountsFile,
    mode: settings.mode,
    env: process.env,
    secrets: 'webhooks',
    logger: createLogger('webhook-ingest'),
  });
  return { ...settings, accounts };
}
