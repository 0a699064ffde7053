import type { GatewayAccount } from '../accounts.js';
import { createSdk } from './client.js';
import { asked } from './reports.js';

/** An event as its gateway tells it when asked, instead of by a webhook. */
export interface PolledEvent {
  readonly id: string;
  readonly type: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** JSON, as the mapping of webhooks reads it. */
  readonly body: Buffer;
}

/** Asks a gateway for events that its webhooks did not bring. */
export interface MissedEvents {
  readonly account: string;
  /** Name of the key it asks with. */
  readonly key: string;
  /** Created from then on and not delivered to every endpoint, oldest first. Stripe keeps events for 30 days. */
  undelivered(since: string): AsyncIterable<PolledEvent>;
}

/** Undefined where the account names no key to ask with. */
export function createStripeEvents(
  account: GatewayAccount,
  options: { readonly timeoutMs: number },
): MissedEvents | undefined {
  const { eventsKey } = account;
  if (eventsKey === undefined) return undefined;
  const stripe = createSdk({ ...account, apiKey: eventsKey.value }, options.timeoutMs);
  return {
    account: account.account,
    key: eventsKey.name,
    async *undelivered(since) {
      const gte = Math.floor(Date.parse(since) / 1_000);
      const newestFirst: PolledEvent[] = [];
      await asked(async () => {
        const of = { delivery_success: false, created: { gte }, limit: 100 };
        for await (const event of stripe.events.list(of)) {
          const { id, type, created } = event;
          const createdAt = new Date(created * 1_000).toISOString();
          newestFirst.push({ id, type, createdAt, body: Buffer.from(JSON.stringify(event)) });
        }
      });
      yield* newestFirst.toReversed();
    },
  };
}
