import { SIGNATURE_HEADER, signatureOf } from '../gocardless/signature.js';
import { EVENT_NAMES } from '../gocardless/to-facts.js';
import { PAYMENT_KEY } from '../our-ids.js';
import { cannot, simulatedId, type Happening, type SimulatedWebhook } from './happening.js';

export const GOCARDLESS_EVENTS: readonly string[] = [
  ...EVENT_NAMES,
  'mandates.active',
  'payouts.paid',
];

export type GoCardlessFields = Readonly<Record<string, unknown>>;

/** One event as GoCardless writes it: links, and no amount. */
export function gocardlessEvent(happening: Happening): GoCardlessFields {
  const { event, story, at, paymentId } = happening;
  if (!GOCARDLESS_EVENTS.includes(event)) throw cannot('gocardless', event);
  const [resource = '', action = ''] = event.split('.');
  return {
    id: simulatedId('EV', story, `${event}/${at}`),
    created_at: at,
    resource_type: resource,
    action,
    links: linksOf(resource, story),
    details: {
      origin: 'gocardless',
      cause: `${resource.slice(0, -1)}_${action}`,
      description: 'Simulated.',
    },
    metadata: {},
    resource_metadata: paymentId === undefined ? {} : { [PAYMENT_KEY]: paymentId },
  };
}

function linksOf(resource: string, story: string): Record<string, string> {
  const payment = simulatedId('PM', story, 'payment');
  switch (resource) {
    case 'payments':
      return { payment };
    case 'refunds':
      return { payment, refund: simulatedId('RF', story, 'refund') };
    case 'payouts':
      return { payout: simulatedId('PO', story, 'payout') };
    default:
      return { mandate: simulatedId('MD', story, 'mandate') };
  }
}

/** A delivery of these events, signed as a whole. */
export function gocardlessWebhook(
  events: readonly GoCardlessFields[],
  secret: string,
): SimulatedWebhook {
  const meta = { webhook_id: simulatedId('WB', JSON.stringify(events), 'delivery') };
  const body = Buffer.from(JSON.stringify({ events, meta }));
  const headers = {
    'content-type': 'application/json',
    [SIGNATURE_HEADER]: signatureOf(body, secret),
  };
  return { body, headers };
}
