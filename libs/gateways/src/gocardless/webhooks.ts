import { isEventId } from '../event-id.js';
import { itemOf } from '../items.js';
import { parseJson } from '../json.js';
import { PAYMENT_KEY, paymentIdIn } from '../our-ids.js';
import type { Signed, Verified } from '../signed.js';
import { instantOf } from '../told.js';
import type { ReadingContext, WebhookItem, Webhooks } from '../webhooks.js';
import { eventsOf, parseEvent, type GoCardlessEvent } from './shapes.js';
import { parseBody, SIGNATURE_HEADER, verify } from './signature.js';
import { toFacts } from './to-facts.js';

/** GoCardless's webhooks behind the port: many events a body, all of it signed. */
export const gocardlessWebhooks: Webhooks = {
  gateway: 'gocardless',
  headers: [SIGNATURE_HEADER],
  acknowledgement: { accepted: 204, refused: 498 },
  inWords: {
    covers: 'the whole body',
    money: 'outcomes, no amounts',
    things: 'many',
    knownBy: 'delivery id, sha256',
  },
  verify,
  identify: ({ body }) => ({ eventId: deliveryIdOf(body) }),
  read,
};

/** One delivery tells many events: `meta.webhook_id` names it, its events have ids of their own. */
function deliveryIdOf(body: Buffer): string | null {
  const parsed = parseJson(body);
  const { meta } = (parsed.ok ? (parsed.value ?? {}) : {}) as { meta?: { webhook_id?: unknown } };
  const id = meta?.webhook_id;
  return isEventId(id) ? id : null;
}

function read(body: Verified, context: ReadingContext): readonly WebhookItem[] {
  const parsed = parseBody(body);
  if (!parsed.ok) return [{ kind: 'unreadable', path: parsed.path, error: parsed.error }];
  const events = eventsOf(parsed.value);
  if (events === undefined) {
    return [{ kind: 'unreadable', path: '/events', error: 'holds no list of events' }];
  }
  if (events.length === 0) {
    const eventType = 'none';
    return [{ kind: 'ignored', eventId: eventType, eventType, reason: 'no_events' }];
  }
  return events.map((event) => readEvent(event, events.length > 1, context));
}

function readEvent(
  event: Signed<unknown>,
  oneOfMany: boolean,
  context: ReadingContext,
): WebhookItem {
  const alone = (): Buffer => Buffer.from(JSON.stringify({ events: [event] }));
  const own = oneOfMany ? { alone } : {};
  const parsed = parseEvent(event);
  if (!parsed.ok) return { kind: 'unreadable', path: parsed.path, error: parsed.error, ...own };
  const { value } = parsed;
  return itemOf(
    {
      eventId: value.id,
      eventType: `${value.resource_type}.${value.action}`,
      paymentId: paymentNamedBy(value),
      references: [value.links.payment, value.links.refund],
      teaches: true,
      at: () => instantOf(value.created_at, 'created_at'),
      scope: [value.id],
      tale: () => toFacts(value),
      ...own,
    },
    context,
  );
}

/** Our payment, where the resource's metadata names it: sent along if the endpoint is set up to. */
function paymentNamedBy(event: Signed<GoCardlessEvent>): string | undefined {
  const { resource_metadata: resource, metadata } = event;
  return paymentIdIn(resource?.[PAYMENT_KEY]) ?? paymentIdIn(metadata?.[PAYMENT_KEY]);
}
