import { eventIdIn } from '../event-id.js';
import { GatewayFault } from '../fault.js';
import { itemOf } from '../items.js';
import type { Verified } from '../signed.js';
import { instantOf } from '../told.js';
import type { ReadingContext, WebhookItem, Webhooks } from '../webhooks.js';
import { parseEvent } from './shapes.js';
import { HEADERS, parseBody, transmissionIn, verify } from './signature.js';
import { toFacts, type Claimed } from './to-facts.js';

/** PayPal's webhooks behind the port: the envelope is signed, what is in it is a claim. */
export const paypalWebhooks: Webhooks = {
  gateway: 'paypal',
  headers: Object.values(HEADERS),
  secretHeaders: [HEADERS.signature],
  acknowledgement: { accepted: 200, refused: 401 },
  inWords: {
    covers: 'an envelope with a checksum of the body',
    money: 'amounts, unconfirmed until asked',
    things: 'one',
    knownBy: 'transmission id; another body is set apart',
  },
  verify,
  identify({ body, headers }) {
    const transmissionId = transmissionIn(headers);
    return { eventId: eventIdIn(body), ...(transmissionId !== undefined && { transmissionId }) };
  },
  read: (body, context) => [read(body, context)],
};

function read(body: Verified, context: ReadingContext): WebhookItem {
  const json = parseBody(body);
  if (!json.ok) return { kind: 'unreadable', path: '', error: json.error };
  const parsed = parseEvent(json.value);
  if (!parsed.ok) return { kind: 'unreadable', path: parsed.path, error: parsed.error };
  const { id, event_type: eventType, create_time: time } = parsed.value.unsigned;
  let claimed: Claimed;
  try {
    claimed = toFacts(parsed.value);
  } catch (error) {
    if (!(error instanceof GatewayFault)) throw error;
    return { kind: 'unreadable', path: '', error: error.message };
  }
  const claim = 'ignored' in claimed ? undefined : claimed;
  return itemOf(
    {
      eventId: id,
      eventType,
      paymentId: claim?.paymentId,
      references: claim?.references ?? [],
      teaches: false,
      at: () => instantOf(time, 'create_time'),
      scope: [id],
      tale: () => ('ignored' in claimed ? claimed : claimed.tale),
    },
    context,
  );
}
