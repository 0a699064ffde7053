import type { Payment } from '@paylog/payment-domain';

export type DecisionType =
  'FulfillmentReleased' | 'FulfillmentHeld' | 'FulfillmentRecalled' | 'FulfillmentCancelled';

export interface Decision {
  readonly type: DecisionType;
  readonly reason: string;
}

/** What is known of a payment's goods. */
export interface Goods {
  readonly payment: Payment;
  /** The storefront has cancelled the order. */
  readonly cancelled: boolean;
  /** The last decision that stands; undefined while there is none. */
  readonly decided: DecisionType | undefined;
  /** A message about the payment is parked here, such as a cancellation that can't be read. */
  readonly parked: boolean;
}

/**
 * What is to be done about the goods now; undefined when nothing is. Released only after capture, in full; anything that
 * casts doubt on the money holds; what was released is called back when the money goes in full or the order is cancelled.
 */
export function nextDecision({ payment, cancelled, decided, parked }: Goods): Decision | undefined {
  if (decided === 'FulfillmentRecalled' || decided === 'FulfillmentCancelled') return undefined;
  if (decided === 'FulfillmentReleased') return whyRecall(payment, cancelled);
  if (cancelled) return { type: 'FulfillmentCancelled', reason: 'order_cancelled' };
  if (payment.label === 'voided') return { type: 'FulfillmentCancelled', reason: 'payment_voided' };
  if (!moneyIsIn(payment)) return undefined;
  const doubt = parked ? 'message_parked' : whyHold(payment);
  if (doubt === undefined) return { type: 'FulfillmentReleased', reason: 'payment_captured' };
  return decided === 'FulfillmentHeld' ? undefined : { type: 'FulfillmentHeld', reason: doubt };
}

/** The whole order's amount is captured and has not been given back. */
function moneyIsIn({ terms, currency, amounts }: Payment): boolean {
  if (!terms || currency !== terms.amount.currency) return false;
  return amounts.captured - amounts.refunded >= terms.amount.minor;
}

function whyHold(payment: Payment): string | undefined {
  if (payment.held) return 'held';
  const doubtful = payment.anomalies.find(({ kind }) => DOUBTFUL.has(kind));
  return doubtful?.kind;
}

/** Anomalies that question whether the money is there. The others are for people, and keep no customer waiting. */
const DOUBTFUL: ReadonlySet<string> = new Set(['contradicted', 'captured_and_voided']);

function whyRecall({ amounts }: Payment, cancelled: boolean): Decision | undefined {
  if (cancelled) return { type: 'FulfillmentRecalled', reason: 'order_cancelled' };
  if (amounts.captured > amounts.refunded) return undefined;
  const reason = amounts.captured > 0n ? 'payment_refunded' : 'capture_reversed';
  return { type: 'FulfillmentRecalled', reason };
}
