import type Stripe from 'stripe';
import { idOf } from '../gateway/reference.js';
import { RELEASE } from '../gateway/refunds.js';
import { EFFECTS, type EffectKind, type EffectRecord, type Store } from '../store.js';

/** One PaymentIntent as it is; amounts in the provider's units. */
export interface TrueIntent {
  readonly id: string;
  readonly account: string;
  readonly status: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly description: string | null;
  /** The token of the last try; null after a decline. */
  readonly paymentMethod: string | null;
  readonly captureMethod: string;
  readonly cancellationReason: string | null;
  readonly currency: string;
  readonly amount: number;
  readonly amountReceived: number;
  readonly amountCapturable: number;
  /** Refunds that did not fail. */
  readonly amountRefunded: number;
  readonly amountReleased: number;
  readonly authorizations: number;
  readonly captures: number;
  readonly eachCapture: readonly TrueCapture[];
  readonly charges: readonly {
    id: string;
    status: string;
    amount: number;
    captured: number;
    /** What was taken back from the balance when the charge failed after it had succeeded. */
    failedLate: number;
  }[];
  readonly refunds: readonly {
    id: string;
    status: string;
    amount: number;
    metadata: Readonly<Record<string, string>>;
  }[];
  readonly disputes: readonly TrueDispute[];
  readonly transfers: readonly TrueTransfer[];
  readonly reviews: readonly { id: string; open: boolean; closedReason: string | null }[];
  readonly earlyFraudWarnings: readonly string[];
}

/** A dispute and what it did to money, fees included. */
export interface TrueDispute {
  readonly id: string;
  readonly charge: string;
  readonly status: string;
  readonly reason: string;
  readonly amount: number;
  readonly withdrawn: number;
  readonly reinstated: number;
  readonly fees: number;
  /** How often evidence was submitted. */
  readonly submissions: number;
}

export interface TrueTransfer {
  readonly id: string;
  readonly destination: string;
  readonly amount: number;
  readonly reversed: number;
  readonly charge: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly reversals: readonly {
    id: string;
    amount: number;
    metadata: Readonly<Record<string, string>>;
  }[];
}

export interface TrueCapture {
  readonly charge: string;
  readonly amount: number;
  readonly at: string;
  readonly idempotencyKey: string | null;
}

export interface Truth {
  readonly paymentIntents: readonly TrueIntent[];
  readonly effects: readonly EffectRecord[];
  readonly capturedTwice: number;
  /** Payment ids (or PaymentIntent ids without one). */
  readonly capturedTwicePayments: readonly string[];
  readonly totals: Readonly<Record<string, Readonly<Record<EffectKind, number>>>>;
}

/**
 * What really happened at the gateway, from the calls it received and what they did to money. Nothing here is read from
 * events sent, so it can judge whoever relies on them.
 */
export function truthOf(store: Store): Truth {
  const effects = store.all('effects');
  const effectsOf = grouped(effects, (effect) => effect.paymentIntentId);
  const chargesOf = grouped(store.all('charges'), ({ object }) => idOf(object.payment_intent));
  const refundsOf = grouped(
    store.all('refunds').filter(({ object }) => object.reason !== RELEASE),
    ({ object }) => idOf(object.payment_intent),
  );
  const disputesOf = grouped(store.all('disputes'), ({ object }) => idOf(object.payment_intent));
  const transfersOf = grouped(store.all('transfers'), (record) => record.paymentIntentId);
  const reviewsOf = grouped(store.all('reviews'), ({ object }) => idOf(object.payment_intent));
  const warningsOf = grouped(store.all('warnings'), ({ object }) => idOf(object.payment_intent));
  const paymentIntents = store.all('intents').map(({ account, object }): TrueIntent => {
    const of = (kind: EffectKind) =>
      (effectsOf.get(object.id) ?? []).filter((effect) => effect.kind === kind);
    return {
      id: object.id,
      account,
      status: object.status,
      metadata: object.metadata,
      description: object.description,
      paymentMethod: typeof object.payment_method === 'string' ? object.payment_method : null,
      captureMethod: object.capture_method,
      cancellationReason: object.cancellation_reason,
      currency: object.currency,
      amount: object.amount,
      amountReceived: object.amount_received,
      amountCapturable: object.amount_capturable,
      amountRefunded: sum(of('refunded')) - sum(of('refund_failed')),
      amountReleased: sum(of('released')),
      authorizations: of('authorized').length,
      captures: of('captured').length,
      eachCapture: of('captured').map(({ object: charge, amount, at, idempotencyKey }) => ({
        charge,
        amount,
        at,
        idempotencyKey,
      })),
      charges: (chargesOf.get(object.id) ?? []).map(({ object: charge }) => ({
        id: charge.id,
        status: charge.status,
        amount: charge.amount,
        captured: charge.amount_captured,
        failedLate: sum(of('charge_failed').filter((effect) => effect.object === charge.id)),
      })),
      refunds: (refundsOf.get(object.id) ?? []).map(({ object: refund }) => ({
        id: refund.id,
        status: refund.status ?? '',
        amount: refund.amount,
        metadata: refund.metadata ?? {},
      })),
      disputes: (disputesOf.get(object.id) ?? []).map(({ object: dispute }) =>
        disputeIn(effectsOf.get(object.id) ?? [], dispute),
      ),
      transfers: (transfersOf.get(object.id) ?? []).map(({ object: transfer }) =>
        transferIn(transfer),
      ),
      reviews: (reviewsOf.get(object.id) ?? []).map(({ object: review }) => ({
        id: review.id,
        open: review.open,
        closedReason: review.closed_reason,
      })),
      earlyFraudWarnings: (warningsOf.get(object.id) ?? []).map((warning) => warning.object.id),
    };
  });
  const twice = capturedTwice(store);
  return {
    paymentIntents,
    effects,
    capturedTwice: twice.length,
    capturedTwicePayments: twice,
    totals: totalsOf(effects),
  };
}

function transferIn(transfer: Stripe.Transfer): TrueTransfer {
  return {
    id: transfer.id,
    destination: idOf(transfer.destination),
    amount: transfer.amount,
    reversed: transfer.amount_reversed,
    charge: transfer.source_transaction === null ? null : idOf(transfer.source_transaction),
    metadata: transfer.metadata,
    reversals: transfer.reversals.data.map(({ id, amount, metadata }) => ({
      id,
      amount,
      metadata: metadata ?? {},
    })),
  };
}

function disputeIn(effects: readonly EffectRecord[], dispute: Stripe.Dispute): TrueDispute {
  const moved = (kind: EffectKind) =>
    sum(effects.filter((effect) => effect.kind === kind && effect.object === dispute.id));
  return {
    id: dispute.id,
    charge: idOf(dispute.charge),
    status: dispute.status,
    reason: dispute.reason,
    amount: dispute.amount,
    withdrawn: moved('dispute_withdrawn'),
    reinstated: moved('dispute_reinstated'),
    fees: moved('dispute_fee'),
    submissions: dispute.evidence_details.submission_count,
  };
}

/**
 * Payments whose customer paid more than once: money taken through two PaymentIntents of one payment, more taken than
 * was asked for, or one capture of ours done twice.
 */
function capturedTwice(store: Store): readonly string[] {
  const captures = new Map<string, { intents: Set<string>; keys: string[] }>();
  const found = new Set<string>();
  for (const effect of store.all('effects')) {
    if (effect.kind !== 'captured') continue;
    const intent = store.get('intents', effect.paymentIntentId)?.object;
    const payment = intent?.metadata['paylog_payment'] ?? effect.paymentIntentId;
    const seen = captures.get(payment) ?? { intents: new Set(), keys: [] };
    seen.intents.add(effect.paymentIntentId);
    if (effect.idempotencyKey !== null) seen.keys.push(effect.idempotencyKey);
    captures.set(payment, seen);
    const tooMuch = intent !== undefined && intent.amount_received > intent.amount;
    const repeated = new Set(seen.keys).size < seen.keys.length;
    if (seen.intents.size > 1 || tooMuch || repeated) found.add(payment);
  }
  return [...found];
}

function totalsOf(effects: readonly EffectRecord[]): Truth['totals'] {
  const totals: Record<string, Record<EffectKind, number>> = {};
  for (const { kind, currency, amount } of effects) {
    const total = (totals[currency] ??= nothing());
    total[kind] += amount;
  }
  return totals;
}

function nothing(): Record<EffectKind, number> {
  return Object.fromEntries(EFFECTS.map((kind) => [kind, 0])) as Record<EffectKind, number>;
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

function sum(effects: readonly EffectRecord[]): number {
  return effects.reduce((total, effect) => total + effect.amount, 0);
}
