import { isEventId } from '../event-id.js';
import { itemOf } from '../items.js';
import { parseJson } from '../json.js';
import { paymentIdIn } from '../our-ids.js';
import type { Verified } from '../signed.js';
import { instantOf } from '../told.js';
import type { ReadingContext, WebhookItem, Webhooks } from '../webhooks.js';
import { parseItem } from './shapes.js';
import {
  itemsOf,
  platformEvent,
  SIGNATURE_HEADER,
  verify,
  type StandardItem,
} from './signature.js';
import { toFacts } from './to-facts.js';

/** Adyen's webhooks behind the port: standard ones sign each item, the others the body as a whole. */
export const adyenWebhooks: Webhooks = {
  gateway: 'adyen',
  headers: [SIGNATURE_HEADER],
  // Any 2xx accepts; a body is not needed. What is refused comes again for 30 days, and may hold back what is behind it.
  acknowledgement: { accepted: 200, refused: 401 },
  inWords: {
    covers: 'eight fields of each item; other kinds: the whole body',
    money: 'amounts, counted',
    things: 'many',
    knownBy: 'code, reference, success, sha256',
  },
  verify,
  identify: ({ body }) => ({ eventId: eventIdOf(body) }),
  read,
};

/** Adyen gives events no id, so one is made; `a1` is the version of that (fields.md). */
const KEY_VERSION = 'a1';

function keyOf(eventCode: unknown, pspReference: unknown, success: unknown): string | null {
  const key = `${KEY_VERSION}/${String(eventCode)}/${String(pspReference)}/${String(success)}`;
  return isEventId(key) ? key : null;
}

function eventIdOf(body: Buffer): string | null {
  const parsed = parseJson(body);
  if (!parsed.ok) return null;
  const items = itemsOf(parsed.value);
  if (items === undefined) return platformId(parsed.value);
  const [first] = items;
  if (first === undefined || items.length > 1) return null;
  const { eventCode, pspReference, success } = first.fields;
  return keyOf(eventCode, pspReference, success);
}

/** Type and id of the object that it tells of. */
function platformId(body: unknown): string | null {
  const { type, data } = (body ?? {}) as { type?: unknown; data?: { id?: unknown } };
  const id = `${KEY_VERSION}/${String(type)}/${String(data?.id)}`;
  return isEventId(id) ? id : null;
}

function read(body: Verified, context: ReadingContext): readonly WebhookItem[] {
  const parsed = parseJson(body);
  if (!parsed.ok) return [{ kind: 'unreadable', path: '', error: parsed.error }];
  const items = itemsOf(parsed.value);
  if (items === undefined) {
    const { type } = platformEvent(body, parsed.value);
    const eventType = typeof type === 'string' && type !== '' ? type.slice(0, 200) : 'unknown';
    const eventId = platformId(parsed.value) ?? eventType;
    return [{ kind: 'ignored', eventId, eventType, reason: 'platform_event_not_mapped' }];
  }
  const live = (parsed.value as { live?: unknown }).live;
  return items.map((item) => readItem(item, live, items.length > 1, context));
}

function readItem(
  { fields, rest }: StandardItem,
  live: unknown,
  oneOfMany: boolean,
  context: ReadingContext,
): WebhookItem {
  const alone = (): Buffer =>
    Buffer.from(
      JSON.stringify({ live, notificationItems: [{ NotificationRequestItem: rest.unsigned }] }),
    );
  const own = oneOfMany ? { alone } : {};
  // Unsigned, so it proves nothing; but test and live never mix, and an honest one says so.
  if (live !== undefined && live !== String(context.mode === 'live')) {
    const error = `live is ${JSON.stringify(live)}, the account is in mode ${context.mode}`;
    return { kind: 'unreadable', path: '/live', error, ...own };
  }
  const parsed = parseItem(fields);
  if (!parsed.ok) return { kind: 'unreadable', path: parsed.path, error: parsed.error, ...own };
  const item = parsed.value;
  const { eventCode, pspReference, success } = item;
  const eventId = keyOf(eventCode, pspReference, success);
  if (eventId === null) {
    return { kind: 'unreadable', path: '', error: 'its references are no ids', ...own };
  }
  const at = (): string => instantOf(rest.unsigned['eventDate'], 'eventDate');
  return itemOf(
    {
      eventId,
      eventType: eventCode,
      paymentId: paymentIdIn(item.merchantReference),
      references: [item.originalReference ?? undefined, pspReference],
      teaches: true,
      at,
      // Adyen tells a second capture after a failure under the same ids, with another date.
      scope: [eventId, String(rest.unsigned['eventDate'])],
      tale: () => toFacts(item, rest),
      ...own,
    },
    context,
  );
}
