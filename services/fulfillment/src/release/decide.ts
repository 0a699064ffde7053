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
 * casts doubt on the money holds; what was released is called back when the money goes or the order is cancelled.
 */
export function nextDecision({ payment, cancelled, decided, parked }: Goods): Decision | undefined {
  if (decided === 'FulfillmentRecalled' || decided === 'FulfillmentCancelled') return undefined;
  if (decided === 'FulfillmentReleased') return whyRecall(payment, cancelled);
  const never = cancelled ? 'order_cancelled' : whyNever(payment);
  if (never !== undefined) return { type: 'FulfillmentCancelled', reason: never };
  if (!moneyIsIn(payment)) return undefined;
  const doubt = parked ? 'message_parked' : whyHold(payment);
  if (doubt === undefined) return { type: 'FulfillmentReleased', reason: 'payment_captured' };
  return decided === 'FulfillmentHeld' ? undefined : { type: 'FulfillmentHeld', reason: doubt };
}

/** No money will come of this payment. Another attempt at the order is another payment, with goods of its own. */
function whyNever({ label, final }: Payment): string | undefined {
  switch (label) {
    case 'voided':
      return 'payment_voided';
    case 'failed':
    case 'canceled':
    case 'expired':
      return final ? `payment_${label}` : undefined;
    default:
      return undefined;
  }
}

/** The whole order's amount is captured and has not been given back. */
function moneyIsIn({ terms, currency, amounts }: Payment): boolean {
  if (!terms || currency !== terms.amount.currency) return false;
  return amounts.captured - amounts.refunded >= terms.amount.minor;
}

function whyHold(payment: Payment): string | undefined {
  if (payment.held) return isInReview(payment) ? 'review' : 'held';
  // Also what was won and is not back yet: the money is not there.
  if (payment.amounts.disputed > 0n || payment.disputes.some(isOpen)) return 'disputed';
  if (payment.amounts.chargedBack > 0n) return 'charged_back';
  const doubtful = payment.anomalies.find(({ kind }) => DOUBTFUL.has(kind));
  return doubtful?.kind;
}

/** A parked message may hold it as well; it is the graver reason, and named before. */
function isInReview({ operations }: Payment): boolean {
  const open = operations.filter(({ kind, status }) => kind === 'hold' && status === 'requested');
  return open.length > 0 && open.every(({ reason }) => reason === 'review');
}

/** Anomalies that question whether the money is there. The others are for people, and keep no customer waiting. */
const DOUBTFUL: ReadonlySet<string> = new Set(['contradicted', 'captured_and_voided']);

function isOpen({ outcome }: Payment['disputes'][number]): boolean {
  return outcome === undefined || outcome === 'opened' || outcome === 'evidence_submitted';
}

/** An open dispute calls nothing back: the goods are the merchant's best evidence, until it is lost. */
function whyRecall({ amounts }: Payment, cancelled: boolean): Decision | undefined {
  if (cancelled) return { type: 'FulfillmentRecalled', reason: 'order_cancelled' };
  const kept = amounts.captured - amounts.refunded;
  if (kept > 0n && amounts.chargedBack >= kept) {
    return { type: 'FulfillmentRecalled', reason: 'charged_back' };
  }
  if (kept > 0n) return undefined;
  const reason = amounts.captured > 0n ? 'payment_refunded' : 'capture_reversed';
  return { type: 'FulfillmentRecalled', reason };
}
