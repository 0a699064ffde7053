import { factId, operationId } from '@paylog/contracts';
import type { ConsumedMessage } from '@paylog/kafka';
import type { ReportedFact } from '../payment/decide.js';

const PAYMENT_ID = /^pay[a-z2-7]{26}$/;

/**
 * A message about this payment is parked: until it is replayed or discarded, something may have happened that the fold
 * does not know, so nothing irreversible may follow. Undefined where the key names no payment.
 */
export function holdFor(message: ConsumedMessage, parkedId: string): ReportedFact | undefined {
  return holdFact(message, parkedId, 'requested');
}

/** The parked message was applied or discarded. */
export function releaseFor(message: ConsumedMessage, parkedId: string): ReportedFact | undefined {
  return holdFact(message, parkedId, 'canceled');
}

function holdFact(
  message: ConsumedMessage,
  parkedId: string,
  outcome: 'requested' | 'canceled',
): ReportedFact | undefined {
  const paymentId = message.key;
  if (paymentId === null || !PAYMENT_ID.test(paymentId)) return undefined;
  return {
    paymentId,
    fact: {
      type: 'operation',
      id: factId('hold', parkedId, outcome),
      operation: operationId(paymentId, 'hold', parkedId),
      kind: 'hold',
      outcome,
      reason: 'parked',
      // The broker's time, so that a repetition gives the same fact.
      at: new Date(Number(message.timestamp)).toISOString(),
      source: 'clock',
    },
  };
}
