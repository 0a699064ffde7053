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
    /** How often gateways are asked for events that no webhook brought; 0: never. */
    missedEventsPollMs: milliseconds('MISSED_EVENTS_POLL_MS', { default: 5 * 60_000 }),
    /** Younger events are left to their webhooks. */
    missedEventsAfterMs: milliseconds('MISSED_EVENTS_AFTER_MS', { default: 60_000 }),
    /** No webhook of an account for so long is an alarm; 0: never. */
    webhookSilenceMs: milliseconds('WEBHOOK_SILENCE_MS', { default: 24 * 3_600_000 }),
    /** For one question to a gateway. */
    gatewayTimeoutMs: milliseconds('GATEWAY_TIMEOUT_MS', { default: 10_000 }),
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
