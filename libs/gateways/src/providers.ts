import { adyenWebhooks } from './adyen/webhooks.js';
import { gocardlessWebhooks } from './gocardless/webhooks.js';
import { paypalWebhooks } from './paypal/webhooks.js';
import { stripeWebhooks } from './stripe/webhooks.js';
import type { Webhooks } from './webhooks.js';

const PROVIDERS: ReadonlyMap<string, Webhooks> = new Map(
  [stripeWebhooks, adyenWebhooks, paypalWebhooks, gocardlessWebhooks].map(
    (each) => [each.gateway, each] as const,
  ),
);

/** Whose webhooks can be read, in the order of the documents. */
export const providers = (): readonly Webhooks[] => [...PROVIDERS.values()];

/** Throws where evidence or a configuration names a gateway that we don't know. */
export function webhooksOf(gateway: string): Webhooks {
  const known = PROVIDERS.get(gateway);
  if (known) return known;
  throw new Error(`nobody here reads webhooks of ${gateway}`);
}
