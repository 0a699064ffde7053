import type { EventLog } from '@paylog/event-sourcing';
import { crossing } from '@paylog/failpoints';
import { type AccountsSource, createStripeEvents, forAccounts } from '@paylog/gateways';
import { startLoop } from '@paylog/kafka';
import { underLock } from '@paylog/postgres';
import type { ServiceParts } from '@paylog/service';
import { MissedEventsPoll } from './missed-events.js';
import { Silence } from './silence.js';

const STEPS = {
  atLock: crossing('webhook-ingest.missed-lock'),
  atUnlock: crossing('webhook-ingest.missed-unlock'),
};
const SILENCE_EVERY_MS = 15_000;

export interface MissedOptions {
  /** 0: gateways are never asked. */
  readonly missedEventsPollMs: number;
  readonly missedEventsAfterMs: number;
  readonly webhookSilenceMs: number;
  readonly gatewayTimeoutMs: number;
}

/** What to do about webhooks that don't come: ask for their events, and say that an account is silent. */
export function startMissed(
  parts: ServiceParts,
  accounts: AccountsSource,
  evidence: EventLog,
  options: MissedOptions,
): void {
  const { pool, logger, health } = parts;
  const timeoutMs = options.gatewayTimeoutMs;
  const clients = forAccounts(accounts, (one) =>
    one.gateway === 'stripe' ? createStripeEvents(one, { timeoutMs }) : undefined,
  );
  const askable = accounts.current().filter(({ gateway }) => gateway === 'stripe');
  for (const { account, gateway } of options.missedEventsPollMs === 0 ? [] : askable) {
    const source = () => clients.get(account);
    const afterMs = options.missedEventsAfterMs;
    const poll = new MissedEventsPoll({ pool, evidence, gateway, source, afterMs, logger });
    let failed = false;
    const what = `missed events of ${account} not fetched`;
    const loop = startLoop(options.missedEventsPollMs, logger, what, async () => {
      try {
        await underLock(pool, `missed:${account}`, STEPS, async () => (await poll.round()) > 0);
        failed = false;
      } catch (error) {
        failed = true;
        throw error;
      }
      return false;
    });
    health.add(`missed events of ${account}`, () => (failed ? 'degraded' : 'up'));
    parts.onStop(`missed events of ${account}`, () => loop.stop());
  }
  watchSilence(parts, accounts, evidence, options.webhookSilenceMs);
}

function watchSilence(
  parts: ServiceParts,
  accounts: AccountsSource,
  evidence: EventLog,
  limitMs: number,
): void {
  const { pool, logger, health } = parts;
  const names = () => accounts.current().map(({ account }) => account);
  const silence = new Silence(pool, () => evidence.heads(), names, limitMs);
  const loop = startLoop(SILENCE_EVERY_MS, logger, 'silence not looked at', async () => {
    await silence.look();
    return false;
  });
  for (const account of names()) {
    health.add(`webhooks of ${account}`, () =>
      silence.silent().includes(account) ? 'degraded' : 'up',
    );
  }
  parts.onStop('silence', () => loop.stop());
}
