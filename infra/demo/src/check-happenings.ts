import { without } from './check-books.js';
import type { Order } from './orders.js';
import type { Sent } from './sandbox-truth.js';
import type { End, Mischief, SeenAttempt } from './scenario.js';
import { paymentOf } from './shop.js';
import type { RunningSystem } from './system.js';

/** A scenario that did not happen proves nothing: did the gateway misbehave, and was the doubt written down? */
export async function happeningDifferences(
  system: RunningSystem,
  { orderId, scenario }: Order,
  sent: readonly Sent[],
): Promise<string[]> {
  const { events = [], webhooks } = scenario.end;
  const found: string[] = [];
  if (webhooks !== undefined && !MISCHIEF[webhooks](sent)) {
    found.push(`${orderId}: its webhooks were not ${webhooks}`);
  }
  if (events.length === 0) return found;
  const id = paymentOf(orderId, 1);
  const stored = await system
    .operator('payment-state')
    .get<{ events: { type: string }[] }>(`/v1/payments/${id}/events`);
  const types = new Set(stored.events.map(({ type }) => type));
  for (const type of events) {
    if (!types.has(type)) found.push(`${orderId}: no ${type} in its log`);
  }
  return found;
}

const MISCHIEF: Readonly<Record<Mischief, (sent: readonly Sent[]) => boolean>> = {
  duplicated: (sent) => repeats(sent).some(([a, b]) => a.sha256 === b.sha256),
  varied: (sent) => repeats(sent).some(([a, b]) => a.sha256 !== b.sha256),
  wrongly_signed: (sent) => sent.some(({ signedWrong, status }) => signedWrong && status === 401),
  reordered: (sent) => sent.findIndex(({ eventType }) => eventType === FIRST_EVENT) > 0,
};
const FIRST_EVENT = 'payment_intent.created';

/** Pairs of deliveries of one event, both acknowledged. */
function repeats(sent: readonly Sent[]): [Sent, Sent][] {
  const first = new Map<string | null, Sent>();
  const pairs: [Sent, Sent][] = [];
  for (const delivery of sent.filter(({ status }) => status === 200)) {
    const before = first.get(delivery.eventId);
    if (before) pairs.push([before, delivery]);
    else first.set(delivery.eventId, delivery);
  }
  return pairs;
}

/** Of an attempt that was never paid nothing is told of the order: the next one may be. */
const GIVEN_UP: ReadonlySet<string | undefined> = new Set(['voided', 'refunded']);

/** What the customer must have been told by now, and must not have been. */
export function notificationDifferences(end: End, last: SeenAttempt): string[] {
  const { told } = last;
  const label = end.labels.at(-1);
  // Which of the ends that may be it came to, the check of its goods has judged.
  const goods = [...(end.goodsBefore ?? []), ...last.goods];
  const expected = [
    ...(end.captured === 'none' ? [] : ['payment_received']),
    ...(end.refunded === 'none' ? [] : ['refund_sent']),
    ...(label === 'failed' ? ['payment_failed'] : []),
    ...(label === 'voided' || label === 'canceled' ? ['payment_canceled'] : []),
    ...(goods.includes('FulfillmentReleased') || goods.includes('FulfillmentRecalled')
      ? ['order_released']
      : []),
    ...(goods.includes('FulfillmentHeld') ? ['order_delayed'] : []),
    ...(goods.includes('FulfillmentCancelled') && GIVEN_UP.has(label) ? ['order_cancelled'] : []),
    ...(goods.includes('FulfillmentRecalled') ? ['order_recalled'] : []),
    ...(end.told ?? []),
  ];
  // What took days for the gateway may be over before anybody here has heard that it began.
  const missing = without(expected, told).filter((kind) => kind !== 'payment_pending');
  const beyond = without(told, expected);
  const twice = beyond.filter((kind) => expected.includes(kind));
  // A refund that came back was told of before it did.
  const unasked = beyond.filter((kind) => kind !== 'refund_sent' && !expected.includes(kind));
  return [
    ...missing.map((kind) => `the customer was not told ${kind}`),
    ...twice.map((kind) => `the customer was told ${kind} twice`),
    ...unasked.map((kind) => `the customer was told ${kind}`),
  ];
}
