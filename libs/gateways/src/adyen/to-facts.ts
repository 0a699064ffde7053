import type { DisputeOutcome, DisputeStage, Money } from '@paylog/payment-domain';
import { fromUnits } from '../currency.js';
import type { Told } from '../observed-to-facts.js';
import type { Signed, Unsigned } from '../signed.js';
import { exactly, type Tale } from '../told.js';
import { adyenDecimals } from './currency.js';
import type { AdyenItem } from './shapes.js';

type Item = Signed<AdyenItem>;
/** Fields that no signature covers. Good for flags, never for money, identity or routing. */
export type Hints = Unsigned<Readonly<Record<string, unknown>>>;

/** What an event code says, or why it says nothing of a payment. */
type Meaning = ((item: Item, hints: Hints) => Tale) | { readonly ignored: string };

/**
 * Every event code we know. Operations go by Adyen's own references: the payment's is the authorization, a modification's
 * its own operation, a dispute's the case; which of them a code carries where is in fields.md.
 */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  AUTHORISATION: (item) => [
    ok(item)
      ? { ...authorization(item.pspReference), outcome: 'succeeded', amount: moneyOf(item) }
      : { ...authorization(item.pspReference), outcome: 'refused', reason: 'refused' },
  ],
  PENDING: (item) => [{ ...authorization(item.pspReference), outcome: 'pending' }],
  // The new sum. Of several sums the highest counts: a lowered one is not seen (fields.md).
  AUTHORISATION_ADJUSTMENT: (item) =>
    ok(item)
      ? [{ ...authorization(paymentOf(item)), outcome: 'succeeded', amount: moneyOf(item) }]
      : [],
  OFFER_CLOSED: (item) => [
    { ...authorization(item.pspReference), outcome: 'expired', reason: 'offer_closed' },
  ],
  EXPIRE: (item) => [{ ...authorization(paymentOf(item)), outcome: 'expired', reason: 'expired' }],
  CAPTURE: (item, hints) =>
    recaptured(item, hints) ? [recapture(item)] : [modification(item, 'capture')],
  CAPTURE_FAILED: (item) => [reversal(item, 'capture', 'capture_failed')],
  CANCELLATION: (item) => [release(item)],
  TECHNICAL_CANCEL: (item) => [release(item)],
  CANCEL_OR_REFUND: (item) => [cancelOrRefund(item)],
  REFUND: (item) => [modification(item, 'refund')],
  REFUND_WITH_DATA: (item) => [modification(item, 'refund')],
  POSTPONED_REFUND: (item) => [
    { ...operationOf(item, 'refund'), outcome: 'pending', amount: moneyOf(item) },
  ],
  REFUND_FAILED: (item) => [reversal(item, 'refund', 'refund_failed')],
  REFUNDED_REVERSED: (item) => [reversal(item, 'refund', 'refunded_reversed')],
  VOID_PENDING_REFUND: (item) =>
    ok(item)
      ? [{ ...operationOf(item, 'refund'), outcome: 'canceled', reason: 'void_pending_refund' }]
      : [],
  MANUAL_REVIEW_ACCEPT: (item) => [
    { operation: `${paymentOf(item)}/review`, kind: 'hold', outcome: 'canceled', reason: 'review' },
  ],
  MANUAL_REVIEW_REJECT: (item) => [
    {
      // Under an id of its own: no acceptance ends it.
      operation: `${paymentOf(item)}/rejected`,
      kind: 'hold',
      outcome: 'requested',
      reason: 'review',
    },
  ],
  REQUEST_FOR_INFORMATION: (item) => dispute(item, 'inquiry', 'opened'),
  NOTIFICATION_OF_CHARGEBACK: (item) => dispute(item, 'chargeback', 'opened'),
  CHARGEBACK: (item) => [
    ...dispute(item, 'chargeback', 'opened'),
    disputeMoney(item, 'dispute_withdrawal', 'chargeback'),
  ],
  CHARGEBACK_REVERSED: (item) => [
    ...dispute(item, 'chargeback', 'won'),
    disputeMoney(item, 'dispute_reinstatement', 'chargeback_reversed'),
  ],
  SECOND_CHARGEBACK: (item) => [
    ...dispute(item, 'second_chargeback', 'opened'),
    disputeMoney(item, 'dispute_withdrawal', 'second_chargeback'),
  ],
  PREARBITRATION_OPEN: (item) => dispute(item, 'pre_arbitration', 'opened'),
  PREARBITRATION_ACCEPTED: (item) => dispute(item, 'pre_arbitration', 'accepted'),
  PREARBITRATION_DECLINED: (item) => dispute(item, 'pre_arbitration', 'evidence_submitted'),
  PREARBITRATION_ISSUER_WITHDRAWN: (item) => dispute(item, 'pre_arbitration', 'won'),
  PREARBITRATION_WON: (item) => dispute(item, 'pre_arbitration', 'won'),
  PREARBITRATION_LOST: (item) => dispute(item, 'pre_arbitration', 'lost'),
  SCHEME_ARBITRATION: (item) => dispute(item, 'arbitration', 'opened'),
  SCHEME_ARBITRATION_WON: (item) => dispute(item, 'arbitration', 'won'),
  SCHEME_ARBITRATION_LOST: (item) => dispute(item, 'arbitration', 'lost'),
  // At which stage these happened, only unsigned fields say.
  INFORMATION_SUPPLIED: { ignored: 'dispute_information' },
  ISSUER_COMMENTS: { ignored: 'dispute_information' },
  ISSUER_RESPONSE_TIMEFRAME_EXPIRED: { ignored: 'dispute_deadline_passed' },
  DISPUTE_DEFENSE_PERIOD_ENDED: { ignored: 'dispute_deadline_passed' },
  NOTIFICATION_OF_FRAUD: { ignored: 'fraud_notice' },
  PAYOUT_THIRDPARTY: { ignored: 'payout_event_deprecated' },
  PAYOUT_DECLINE: { ignored: 'payout_event_deprecated' },
  PAYOUT_EXPIRE: { ignored: 'payout_event_deprecated' },
  PAIDOUT_REVERSED: { ignored: 'payout_event_deprecated' },
  REPORT_AVAILABLE: { ignored: 'report_available' },
};

/** Event codes in the order of the documents. */
export const EVENT_CODES: readonly string[] = Object.keys(MEANINGS);

/** What a signed item says of its payment, or why nothing. Throws a `GatewayFault` for money that can't be read. */
export function toFacts(item: Item, hints: Hints): Tale | { readonly ignored: string } {
  const meaning = Object.hasOwn(MEANINGS, item.eventCode) ? MEANINGS[item.eventCode] : undefined;
  if (meaning === undefined) return { ignored: 'event_type_not_mapped' };
  if (typeof meaning !== 'function') return meaning;
  const tale = meaning(item, hints);
  return tale.length === 0 ? { ignored: 'refused_without_effect' } : tale;
}

/** Signed money as ours. */
export function moneyOf({ amount }: Item): Money {
  const { value, currency } = amount;
  return exactly(fromUnits(value, currency, adyenDecimals), value, currency);
}

const ok = ({ success }: Item): boolean => success === 'true';

/** Of a modification or a dispute: the payment it is about. Of a payment: itself. */
const paymentOf = (item: Item): string => item.originalReference || item.pspReference;

const authorization = (operation: string) => ({ operation, kind: 'authorization' }) as const;

/** An operation of its own, under the modification's reference. */
function operationOf<K extends Told['kind']>(item: Item, kind: K) {
  const { pspReference, originalReference } = item;
  return {
    operation: pspReference,
    kind,
    ...(originalReference ? { parent: originalReference } : {}),
  };
}

/** `success` says whether it was done. It may be undone by an event of its own, perhaps days later. */
function modification(item: Item, kind: 'capture' | 'refund'): Told {
  return ok(item)
    ? { ...operationOf(item, kind), outcome: 'succeeded', amount: moneyOf(item) }
    : { ...operationOf(item, kind), outcome: 'refused', reason: 'refused' };
}

/** Accepted before, and undone: never `refused`, which would say that no money ever moved. */
function reversal(item: Item, kind: 'capture' | 'refund', reason: string): Told {
  return { ...operationOf(item, kind), outcome: 'reversed', amount: moneyOf(item), reason };
}

/** What it releases is what was left: its amount may be that of the payment, or zero. */
function release(item: Item): Told {
  return ok(item)
    ? { ...operationOf(item, 'void'), outcome: 'succeeded' }
    : { ...operationOf(item, 'void'), outcome: 'refused', reason: 'refused' };
}

/** Which of the two was done, only an unsigned field says: unknown until a report names a refund, or somebody looks. */
function cancelOrRefund(item: Item): Told {
  const reason = 'cancel_or_refund';
  return ok(item)
    ? { ...operationOf(item, 'refund'), outcome: 'unknown', reason }
    : { ...operationOf(item, 'refund'), outcome: 'refused', reason };
}

/** Adyen says only in words, and unsigned, that this is a second try after a failure. */
function recaptured(item: Item, { unsigned }: Hints): boolean {
  const { reason } = unsigned;
  return (
    ok(item) && typeof reason === 'string' && /^Transaction (Auto-)?recaptured\b/i.test(reason)
  );
}

/** Taken at its word it would be money by an unsigned field: a flag, until somebody asks or a report names it. */
function recapture(item: Item): Told {
  const { pspReference, originalReference } = item;
  return {
    operation: `${pspReference}/recapture`,
    kind: 'capture',
    outcome: 'unknown',
    reason: 'recaptured',
    ...(originalReference ? { parent: originalReference } : {}),
  };
}

function dispute(item: Item, stage: DisputeStage, outcome: DisputeOutcome): Tale {
  const { pspReference, originalReference } = item;
  return [
    {
      dispute: pspReference,
      stage,
      outcome,
      amount: moneyOf(item),
      ...(originalReference ? { parent: originalReference } : {}),
    },
  ];
}

function disputeMoney(
  item: Item,
  kind: 'dispute_withdrawal' | 'dispute_reinstatement',
  what: string,
): Told {
  return {
    operation: `${item.pspReference}/${what}`,
    kind,
    outcome: 'succeeded',
    amount: moneyOf(item),
    parent: item.pspReference,
  };
}
