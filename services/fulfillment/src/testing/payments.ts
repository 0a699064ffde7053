import {
  canonicalJson,
  factId,
  partitionOf,
  paymentId,
  PAYMENTS_EVENTS,
  PAYMENTS_INTENTS,
  stableId,
  toWireFact,
  toWirePayment,
  toWireTransition,
} from '@paylog/contracts';
import type { Batch, ConsumedMessage } from '@paylog/kafka';
import {
  type Fact,
  fold,
  eventName,
  type Kind,
  type Outcome,
  transitions,
} from '@paylog/payment-domain';

/** Short ways to say what payment-state and intent publish, for this service's specs. */

const AT = '2026-03-01T12:00:00.000Z';

export const paymentOf = (orderId: string, attempt = 1): string =>
  paymentId({ mode: 'test', storefront: 'shop', orderId, attempt });

export const terms = (orderId: string, attempt = 1): Fact => ({
  type: 'terms',
  id: factId('terms', orderId, String(attempt)),
  at: AT,
  source: 'request',
  mode: 'test',
  storefront: 'shop',
  orderId,
  attempt,
  amount: { minor: 1000n, currency: 'EUR' },
  captureMode: 'automatic',
  account: 'stripe-main',
  gateway: 'stripe',
});

export function operation(
  payment: string,
  kind: Kind,
  outcome: Outcome,
  minor = 1000,
  reference = '1',
): Fact {
  const money = { minor: BigInt(minor), currency: 'EUR' };
  return {
    type: 'operation',
    id: factId(payment, kind, outcome, reference),
    at: AT,
    source: 'webhook',
    operation: stableId('ope', payment, kind, reference),
    kind,
    outcome,
    call: 1,
    ...(outcome === 'requested' ? { asked: money } : { amount: money }),
  };
}

/** Won and taken in full. */
export function captured(orderId: string, attempt = 1): Fact[] {
  const payment = paymentOf(orderId, attempt);
  return [
    terms(orderId, attempt),
    operation(payment, 'authorization', 'succeeded'),
    operation(payment, 'capture', 'succeeded'),
  ];
}

/** The data of the events that these facts become, one each. */
export function eventsOf(payment: string, facts: readonly Fact[]) {
  return facts.map((fact, i) => {
    const [before, after] = [fold(facts.slice(0, i)), fold(facts.slice(0, i + 1))];
    return {
      paymentId: payment,
      version: i + 1,
      fact: toWireFact(fact),
      state: toWirePayment(after),
      transitions: transitions(before, after).map(toWireTransition),
    };
  });
}

type Place = Pick<ConsumedMessage, 'topic' | 'offset'> & { readonly payment: string };

function message(place: Place, id: string, type: string, data: object): ConsumedMessage {
  return {
    topic: place.topic,
    partition: partitionOf(place.payment),
    offset: place.offset,
    key: place.payment,
    value: Buffer.from(canonicalJson(data)),
    headers: { ce_id: id, ce_type: type },
    timestamp: '1772366400000',
  };
}

/** The events of these facts, as messages of one partition. */
export function eventMessages(
  payment: string,
  facts: readonly Fact[],
  from = 0n,
): ConsumedMessage[] {
  return eventsOf(payment, facts).map((event, i) => {
    const fact = facts.at(i)!;
    const place = { topic: PAYMENTS_EVENTS, payment, offset: from + BigInt(i) };
    return message(place, fact.id, eventName(fact), event);
  });
}

export function cancellation(orderId: string, offset = 0n, attempt = 1): ConsumedMessage {
  const payment = paymentOf(orderId, attempt);
  const place = { topic: PAYMENTS_INTENTS, payment, offset };
  return message(place, `cancel-${orderId}-${attempt}`, 'OrderMessageAccepted', {
    paymentId: payment,
    kind: 'cancelled',
    storefront: 'shop',
    orderId,
    attempt,
  });
}

export function batchOf(messages: readonly ConsumedMessage[]): Batch {
  const first = messages.at(0)!;
  const { topic, partition, offset } = first;
  return { topic, partition, messages, from: offset, to: messages.at(-1)!.offset + 1n };
}
