import { eventIdIn } from '../event-id.js';
import { headerOf, type ReadingContext, type WebhookItem, type Webhooks } from '../webhooks.js';
import type { Verified } from '../signed.js';
import { parseBody, verifySignature } from './signature.js';
import { toFacts } from './to-facts.js';

const SIGNATURE = 'stripe-signature';

/** Stripe's webhooks behind the port. Its signature covers the whole body: one event, told by its object. */
export const stripeWebhooks: Webhooks = {
  gateway: 'stripe',
  headers: [SIGNATURE],
  acknowledgement: { accepted: 200, refused: 401 },
  inWords: {
    covers: 'the whole body and the time',
    money: 'amounts, counted',
    things: 'one',
    knownBy: 'event id, sha256',
  },
  verify: ({ body, headers, receivedAt }, { webhookSecrets }) =>
    verifySignature({
      body,
      header: headerOf(headers, SIGNATURE),
      secrets: webhookSecrets,
      receivedAt,
    }),
  identify: ({ body }) => ({ eventId: eventIdIn(body) }),
  read: (body, context) => [read(body, context)],
};

function read(body: Verified, { account, mode, paymentOf }: ReadingContext): WebhookItem {
  const parsed = parseBody(body);
  if (!parsed.ok) return { kind: 'unreadable', path: '', error: parsed.error };
  const mapped = toFacts(parsed.value, { account, mode });
  if (mapped.kind !== 'unresolved') return mapped;
  const paymentId = mapped.references.map(paymentOf).find((known) => known !== undefined);
  return paymentId === undefined ? mapped : toFacts(parsed.value, { account, mode, paymentId });
}
