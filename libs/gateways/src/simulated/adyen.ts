import { adyenDecimals } from '../adyen/currency.js';
import { itemSignature } from '../adyen/signature.js';
import { EVENT_CODES } from '../adyen/to-facts.js';
import { toUnits } from '../currency.js';
import { cannot, simulatedId, type Happening, type SimulatedWebhook } from './happening.js';

export const ADYEN_EVENTS: readonly string[] = EVENT_CODES;

export interface AdyenSigner {
  readonly merchantAccount: string;
  readonly hexKey: string;
}

export type AdyenFields = Readonly<Record<string, unknown>>;

/** Which object of the story a code tells of; undefined: the payment itself. */
function objectOf(event: string): string | undefined {
  if (/^(AUTHORISATION|PENDING|OFFER_CLOSED|EXPIRE|MANUAL_REVIEW_\w+)$/.test(event))
    return undefined;
  if (event.startsWith('CAPTURE')) return 'capture';
  if (/REFUND/.test(event)) return 'refund';
  if (/CHARGEBACK|PREARBITRATION|ARBITRATION|INFORMATION|ISSUER|DISPUTE|FRAUD/.test(event)) {
    return 'dispute';
  }
  return event.toLowerCase();
}

/** One item as Adyen writes it, without its signature. A modification and a dispute have a reference of their own. */
export function adyenItem(happening: Happening, merchantAccount: string): AdyenFields {
  const { event, story, amount, at, paymentId } = happening;
  const failed = event.endsWith('/false');
  const eventCode = failed ? event.slice(0, -'/false'.length) : event;
  if (!ADYEN_EVENTS.includes(eventCode)) throw cannot('adyen', event);
  const value = toUnits(amount, adyenDecimals);
  if (value === undefined) throw cannot('adyen', event, `it takes no ${amount.currency}`);
  const payment = simulatedId('', story, 'payment');
  const object = objectOf(eventCode);
  return {
    additionalData: {},
    amount: { currency: amount.currency, value },
    eventCode,
    eventDate: at.replace(/\.\d+Z$/, 'Z').replace(/Z$/, '+00:00'),
    merchantAccountCode: merchantAccount,
    merchantReference: paymentId ?? `order ${story}`,
    ...(object === undefined ? {} : { originalReference: payment }),
    paymentMethod: 'visa',
    pspReference: object === undefined ? payment : simulatedId('', story, object),
    reason: '',
    success: failed ? 'false' : 'true',
  };
}

/** A delivery of these items, each signed by itself. */
export function adyenWebhook(
  items: readonly AdyenFields[],
  { hexKey }: Pick<AdyenSigner, 'hexKey'>,
): SimulatedWebhook {
  const signed = items.map((item) => ({
    NotificationRequestItem: {
      ...item,
      additionalData: { hmacSignature: itemSignature(item, hexKey) },
    },
  }));
  const body = Buffer.from(JSON.stringify({ live: 'false', notificationItems: signed }));
  return { body, headers: { 'content-type': 'application/json; charset=utf-8' } };
}
