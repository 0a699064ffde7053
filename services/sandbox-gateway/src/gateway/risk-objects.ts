import type Stripe from 'stripe';
import { idOf } from './reference.js';

export interface NewReview {
  readonly id: string;
  readonly created: number;
  readonly charge: Stripe.Charge;
}

export function reviewObject({ id, created, charge }: NewReview): Stripe.Review {
  return {
    id,
    object: 'review',
    billing_zip: null,
    charge: charge.id,
    closed_reason: null,
    created,
    ip_address: null,
    ip_address_location: null,
    livemode: false,
    open: true,
    opened_reason: 'rule',
    payment_intent: idOf(charge.payment_intent),
    reason: 'rule',
    session: null,
  } satisfies Stripe.Review;
}

export interface NewWarning {
  readonly id: string;
  readonly created: number;
  readonly charge: Stripe.Charge;
  readonly fraudType: string;
}

export function warningObject(from: NewWarning): Stripe.Radar.EarlyFraudWarning {
  const { charge } = from;
  return {
    id: from.id,
    object: 'radar.early_fraud_warning',
    actionable: !charge.refunded && !charge.disputed,
    charge: charge.id,
    created: from.created,
    fraud_type: from.fraudType,
    livemode: false,
    payment_intent: idOf(charge.payment_intent),
  } satisfies Stripe.Radar.EarlyFraudWarning;
}
