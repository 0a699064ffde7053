import type { Evidence, GoodsDecision } from '../evidence.js';
import { type Check, groupedBy } from './check.js';

const PAYMENT = 'paylog_payment';

/** A message may come twice, as the same row of the log; a second row is a second release. */
function releasesIn({ goods }: Evidence): GoodsDecision[] {
  const released = goods.filter(({ type }) => type === 'FulfillmentReleased');
  return [...new Map(released.map((one) => [`${one.place} ${one.id}`, one])).values()];
}

/** `released-once`: the goods of an order, or of a part of it, go once. */
export const releasedOnce: Check = (evidence) => {
  const byOrder = groupedBy(
    releasesIn(evidence),
    ({ storefront, orderId, part }) => `${storefront}/${orderId}/${part}`,
  );
  return [...byOrder]
    .filter(([, releases]) => releases.length > 1)
    .map(([order, releases]) => {
      const places = releases.map(({ place, paymentId }) => `${place} for ${paymentId}`);
      return `the goods of ${order} were released ${releases.length} times: ${places.join(', ')}`;
    });
};

/** `released-after-capture`: when goods go, the gateway has taken the whole amount. */
export const releasedAfterCapture: Check = (evidence) => {
  const { intents, effects } = evidence.truth;
  const byPayment = groupedBy(intents, ({ metadata }) => metadata[PAYMENT]);
  const captures = groupedBy(
    effects.filter(({ kind }) => kind === 'captured'),
    ({ paymentIntentId }) => paymentIntentId,
  );
  return releasesIn(evidence).flatMap(({ paymentId, orderId, time, place }) => {
    const about = `the goods of ${orderId} (${paymentId}) were released at ${time} (row ${place})`;
    const intent = byPayment.get(paymentId)?.[0];
    if (!intent) return [`${about}, and the gateway knows nothing of that payment`];
    const taken = (captures.get(intent.id) ?? [])
      .filter(({ at }) => Date.parse(at) <= Date.parse(time))
      .reduce((sum, { amount }) => sum + amount, 0);
    if (taken >= intent.amount) return [];
    return [`${about}, when the gateway had taken ${taken} of ${intent.amount}`];
  });
};

/** `released-when-paid`: what is paid in full, and neither called off nor lost to a dispute, goes. */
export const releasedWhenPaid: Check = (evidence) => {
  const released = new Set(releasesIn(evidence).map(orderOf));
  const states = new Map(evidence.projected.map(({ paymentId, state }) => [paymentId, state]));
  const cancelled = new Set(
    evidence.intentMessages
      .filter(({ type, data }) => type === 'OrderMessageAccepted' && data.kind === 'cancelled')
      .map(({ paymentId }) => paymentId),
  );
  return evidence.truth.intents
    .filter(({ amount, amountReceived, amountRefunded, disputes }) => {
      const kept = disputes.every(({ withdrawn, reinstated }) => withdrawn <= reinstated);
      return amountReceived >= amount && amountRefunded === 0 && kept;
    })
    .flatMap(({ id, metadata, amount }) => {
      const payment = metadata[PAYMENT] ?? '';
      const state = states.get(payment);
      if (!state?.terms || cancelled.has(payment)) return [];
      if (released.has(orderOf(state.terms))) return [];
      const doubt = state.held ? ', held' : '';
      return [
        `order ${state.terms.orderId} (${payment}, ${id}) is paid with ${amount}${doubt} and was never released`,
      ];
    });
};

const orderOf = ({ storefront, orderId }: { storefront: string; orderId: string }) =>
  `${storefront}/${orderId}`;
