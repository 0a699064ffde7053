import type { Operation, Payment } from '@paylog/payment-domain';

export type DecisionType =
  'FulfillmentReleased' | 'FulfillmentHeld' | 'FulfillmentRecalled' | 'FulfillmentCancelled';

export interface Decision {
  /** `all`, or the id of a capture of ours. */
  readonly part: string;
  readonly type: DecisionType;
  readonly reason: string;
}

type Verdict = Omit<Decision, 'part'>;

/** The whole order, as one. */
export const WHOLE = 'all';

/** What is known of a payment's goods. */
export interface Goods {
  readonly payment: Payment;
  /** The storefront has cancelled the order. */
  readonly cancelled: boolean;
  /** The last decision that stands, by part. */
  readonly decided: ReadonlyMap<string, DecisionType>;
  /** A message about the payment is parked here, such as a cancellation that can't be read. */
  readonly parked: boolean;
}

/**
 * What is to be done about the goods now; undefined when nothing is. An order goes as a whole, or, where its terms say so,
 * in the parts that are captured.
 */
export function nextDecision(goods: Goods): Decision | undefined {
  const parts = partsOf(goods.payment);
  if (parts.length === 0) return decided(WHOLE, ofWhole(goods));
  for (const part of parts) {
    const decision = decided(part.id, ofPart(part, goods));
    if (decision) return decision;
  }
  return undefined;
}

const decided = (part: string, verdict: Verdict | undefined): Decision | undefined =>
  verdict && { part, ...verdict };

/** Captures of ours that were done, if only to be undone. What somebody else took is no part that we know of. */
function partsOf({ terms, operations }: Payment): readonly Operation[] {
  if (terms?.shipping !== 'parts') return [];
  return operations.filter(
    ({ kind, status, foreign }) =>
      kind === 'capture' && !foreign && (status === 'succeeded' || status === 'reversed'),
  );
}

/** Released only after capture, in full; doubt holds; what was released is called back when the money goes. */
function ofWhole({ payment, cancelled, decided, parked }: Goods): Verdict | undefined {
  const before = decided.get(WHOLE);
  if (before === 'FulfillmentRecalled' || before === 'FulfillmentCancelled') return undefined;
  if (before === 'FulfillmentReleased') return whyRecall(payment, cancelled);
  const never = cancelled ? 'order_cancelled' : whyNever(payment);
  if (never !== undefined) return { type: 'FulfillmentCancelled', reason: never };
  if (!moneyIsIn(payment)) return undefined;
  return releaseOrHold(payment, parked, before, 'payment_captured');
}

function ofPart(
  { id, status }: Operation,
  { payment, cancelled, decided, parked }: Goods,
): Verdict | undefined {
  const before = decided.get(id);
  if (before === 'FulfillmentRecalled' || before === 'FulfillmentCancelled') return undefined;
  if (before === 'FulfillmentReleased') {
    if (status === 'reversed') return { type: 'FulfillmentRecalled', reason: 'capture_reversed' };
    return whyRecall(payment, cancelled);
  }
  if (cancelled) return { type: 'FulfillmentCancelled', reason: 'order_cancelled' };
  if (status !== 'succeeded' || payment.amounts.captured <= payment.amounts.refunded) {
    return undefined;
  }
  return releaseOrHold(payment, parked, before, 'part_captured');
}

function releaseOrHold(
  payment: Payment,
  parked: boolean,
  before: DecisionType | undefined,
  reason: string,
): Verdict | undefined {
  const doubt = parked ? 'message_parked' : whyHold(payment);
  if (doubt === undefined) return { type: 'FulfillmentReleased', reason };
  return before === 'FulfillmentHeld' ? undefined : { type: 'FulfillmentHeld', reason: doubt };
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
function whyRecall({ amounts }: Payment, cancelled: boolean): Verdict | undefined {
  if (cancelled) return { type: 'FulfillmentRecalled', reason: 'order_cancelled' };
  const kept = amounts.captured - amounts.refunded;
  if (kept > 0n && amounts.chargedBack >= kept) {
    return { type: 'FulfillmentRecalled', reason: 'charged_back' };
  }
  if (kept > 0n) return undefined;
  const reason = amounts.captured > 0n ? 'payment_refunded' : 'capture_reversed';
  return { type: 'FulfillmentRecalled', reason };
}
