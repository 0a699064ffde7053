import { followAccounts } from '@paylog/gateways';
import { milliseconds, readConfig, secret, text } from '@paylog/http';
import { createLogger } from '@paylog/observability';
import { BASE_SETTINGS } from '@paylog/service';

export function config() {
  const settings = readConfig({
    ...BASE_SETTINGS,
    accountsFile: text('GATEWAY_ACCOUNTS_FILE'),
    signingKey: secret('RECONCILIATION_SIGNING_KEY'),
    statementPollMs: milliseconds('STATEMENT_POLL_MS', { default: 60_000 }),
    /** See README, Invariants: how long what we don't know yet is in transit. */
    graceMs: milliseconds('SETTLEMENT_GRACE_MS', { default: 2_000 }),
    gatewayTimeoutMs: milliseconds('GATEWAY_TIMEOUT_MS', { default: 10_000 }),
  });
  const accounts = followAccounts({
    file: settings.accountsFile,
    mode: settings.mode,
    env: process.env,
    secrets: 'api',
    logger: createLogger('reconciliation'),
  });
  return { ...settings, accounts };
}

export type ReconciliationConfig = ReturnType<typeof config>;
