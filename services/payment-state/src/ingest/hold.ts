import { factId, operationId } from '@paylog/contracts';
import type { ConsumedMessage } from '@paylog/kafka';
import type { ReportedFact } from '../payment/decide.js';
import { type Lift, PARKED } from '../payment/parked-hold.js';

const PAYMENT_ID = /^pay[a-z2-7]{26}$/;

/**
 * A message about this payment is parked: until it is replayed or discarded, something may have happened that the fold
 * does not know, so nothing irreversible may follow. Undefined where the key names no payment.
 */
export function holdFor(message: ConsumedMessage, parkedId: string): ReportedFact | undefined {
  const paymentId = message.key;
  if (paymentId === null || !PAYMENT_ID.test(paymentId)) return undefined;
  return {
    paymentId,
    fact: {
      type: 'operation',
      id: factId('hold', parkedId, 'requested'),
      operation: operationId(paymentId, 'hold', parkedId),
      kind: 'hold',
      outcome: 'requested',
      reason: PARKED,
      at: brokerTime(message.timestamp),
      source: 'clock',
    },
  };
}

/** The parked message was applied or discarded, and it was the last one of its payment. */
export function liftFor(message: ConsumedMessage, parkedId: string): Lift | undefined {
  const paymentId = message.key;
  if (paymentId === null || !PAYMENT_ID.test(paymentId)) return undefined;
  return { paymentId, parkedId, at: brokerTime(message.timestamp) };
}

const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * The message's own time, so that a repetition gives the same fact. A writer can put any number there: what is no time
 * of this calendar counts as its beginning, for a message must never be unparkable.
 */
function brokerTime(timestamp: string): string {
  const milliseconds = Number(timestamp);
  const sane = milliseconds >= 0 && milliseconds <= LATEST_MS;
  return new Date(sane ? milliseconds : 0).toISOString();
}
