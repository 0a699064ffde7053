import { choice, integer, milliseconds, readConfig, secret, text } from '@paylog/http';
import { BASE_SETTINGS } from '@paylog/service';

/** The environment as a frozen object, or the process ends with the full list of faults. */
export const config = () =>
  readConfig({
    ...BASE_SETTINGS,
    gatewayAccountsFile: text('GATEWAY_ACCOUNTS_FILE'),
    storefrontsFile: text('STOREFRONTS_FILE'),
    readTokenPrivateKey: secret('READ_TOKEN_PRIVATE_KEY'),
    readTokenPublicKey: secret('READ_TOKEN_PUBLIC_KEY'),
    /** From acceptance; then a payment whose shopper never came back is canceled at the gateway. */
    abandonAfterMs: milliseconds('ABANDON_AFTER_MS', { default: 30 * 60_000 }),
    /** Money that comes when the storefront was told otherwise, or the attempt was closed: given back, or kept. */
    lateSuccess: choice('LATE_SUCCESS', ['refund', 'keep'], { default: 'refund' }),
    /** How long something may stay pending before the gateway is asked. */
    pendingLimitMs: milliseconds('PENDING_LIMIT_MS', { default: 10 * 60_000 }),
    /** Pause before the first question about an unknown outcome; doubles up to an hour. */
    unknownRetryMs: milliseconds('UNKNOWN_RETRY_MS', { default: 2_000 }),
    /** For one call at the gateway. Passed: the outcome is unknown. */
    gatewayTimeoutMs: milliseconds('GATEWAY_TIMEOUT_MS', { default: 20_000 }),
    gatewayCallsMax: integer('GATEWAY_CALLS_MAX', { default: 16, min: 1, max: 256 }),
    /** How long an HTTP answer waits for the gateway before it is 202. */
    responseWaitMs: milliseconds('RESPONSE_WAIT_MS', { default: 10_000 }),
    /** How long a payment may wait before `GET /v1/stuck` lists it. */
    stuckAfterMs: milliseconds('STUCK_AFTER_MS', { default: 15 * 60_000 }),
    /** The net under the engine's wake-ups. */
    workPollMs: milliseconds('WORK_POLL_MS', { default: 250 }),
  });

export type IntentConfig = ReturnType<typeof config>;
