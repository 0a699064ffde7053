import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import type Stripe from 'stripe';
import type { Parsed } from '../json.js';

/**
 * The parts of Stripe's objects that we read, as they must be before we read them. Everything else in a webhook or an
 * answer is kept as evidence and not looked at. The SDK's types satisfy these shapes: see the end of this file.
 */
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const id = Type.String({ minLength: 1, maxLength: 255 });
const amount = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const signed = Type.Integer({
  minimum: -Number.MAX_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
});
const seconds = Type.Integer({ minimum: 0, maximum: 253_402_300_799 });
const currency = Type.String({ pattern: '^[a-zA-Z]{3}$' });
const metadata = Type.Record(Type.String(), Type.String());
const reference = nullable(Type.Union([id, Type.Object({ id })]));
const code = Type.Optional(nullable(Type.String()));

export const PaymentIntentShape = Type.Object({
  id,
  object: Type.Literal('payment_intent'),
  amount,
  amount_received: amount,
  amount_capturable: amount,
  currency,
  status: Type.String(),
  capture_method: Type.String(),
  created: seconds,
  metadata,
  latest_charge: reference,
  last_payment_error: nullable(
    Type.Object({
      code,
      decline_code: code,
      advice_code: code,
      charge: Type.Optional(nullable(id)),
    }),
  ),
  cancellation_reason: nullable(Type.String()),
  client_secret: nullable(Type.String()),
  next_action: nullable(
    Type.Object({
      type: Type.String(),
      redirect_to_url: Type.Optional(Type.Object({ url: nullable(Type.String()) })),
    }),
  ),
});
export type PaymentIntentShape = Static<typeof PaymentIntentShape>;

export const ChargeShape = Type.Object({
  id,
  object: Type.Literal('charge'),
  amount,
  amount_captured: amount,
  amount_refunded: amount,
  captured: Type.Boolean(),
  refunded: Type.Boolean(),
  currency,
  status: Type.String(),
  created: seconds,
  metadata,
  payment_intent: reference,
  failure_code: nullable(Type.String()),
  /** Takes back what a charge that succeeded had brought: it failed after all. */
  failure_balance_transaction: Type.Optional(reference),
  outcome: nullable(
    Type.Object({ reason: nullable(Type.String()), advice_code: nullable(Type.String()) }),
  ),
});
export type ChargeShape = Static<typeof ChargeShape>;

export const RefundShape = Type.Object({
  id,
  object: Type.Literal('refund'),
  amount,
  currency,
  status: nullable(Type.String()),
  created: seconds,
  metadata: nullable(metadata),
  charge: reference,
  payment_intent: reference,
  reason: nullable(Type.String()),
  failure_reason: Type.Optional(Type.String()),
});
export type RefundShape = Static<typeof RefundShape>;

export const DisputeShape = Type.Object({
  id,
  object: Type.Literal('dispute'),
  amount,
  currency,
  status: Type.String(),
  reason: Type.String({ minLength: 1, maxLength: 128 }),
  charge: Type.Union([id, Type.Object({ id })]),
  payment_intent: reference,
  evidence: Type.Object({ appeal: Type.Optional(nullable(Type.Object({}))) }),
  evidence_details: Type.Object({ due_by: nullable(seconds) }),
  /** None (an inquiry), withdrawn, or withdrawn and reinstated. `fee` is signed, as `amount` is. */
  balance_transactions: Type.Array(Type.Object({ id, amount: signed, fee: signed, currency }), {
    maxItems: 50,
  }),
});
export type DisputeShape = Static<typeof DisputeShape>;

export const ReviewShape = Type.Object({
  id,
  object: Type.Literal('review'),
  open: Type.Boolean(),
  closed_reason: nullable(Type.String({ minLength: 1, maxLength: 128 })),
  charge: reference,
  payment_intent: Type.Optional(Type.Union([id, Type.Object({ id })])),
});
export type ReviewShape = Static<typeof ReviewShape>;

export const EventShape = Type.Object({
  id,
  object: Type.Literal('event'),
  type: Type.String({ minLength: 1, maxLength: 200 }),
  created: seconds,
  livemode: Type.Boolean(),
  data: Type.Object({ object: Type.Unknown() }),
});
export type EventShape = Static<typeof EventShape>;

const validators = {
  payment_intent: Compile(PaymentIntentShape),
  charge: Compile(ChargeShape),
  refund: Compile(RefundShape),
  dispute: Compile(DisputeShape),
  review: Compile(ReviewShape),
  event: Compile(EventShape),
};

export const parseEvent = (value: unknown): Parsed<EventShape> => parse('event', value);
export const parsePaymentIntent = (value: unknown): Parsed<PaymentIntentShape> =>
  parse('payment_intent', value);
export const parseCharge = (value: unknown): Parsed<ChargeShape> => parse('charge', value);
export const parseRefund = (value: unknown): Parsed<RefundShape> => parse('refund', value);
export const parseDispute = (value: unknown): Parsed<DisputeShape> => parse('dispute', value);
export const parseReview = (value: unknown): Parsed<ReviewShape> => parse('review', value);

function parse<T>(shape: keyof typeof validators, value: unknown): Parsed<T> {
  const validator = validators[shape];
  if (validator.Check(value)) return { ok: true, value: value as T };
  const [first] = validator.Errors(value);
  return {
    ok: false,
    path: first?.instancePath ?? '',
    error: `not a ${shape} as we know it: ${first?.message ?? 'unknown fault'}`,
  };
}

/** The id behind a reference that may be expanded. */
export function idOf(
  reference: string | { readonly id: string } | null | undefined,
): string | undefined {
  if (reference === null || reference === undefined) return undefined;
  return typeof reference === 'string' ? reference : reference.id;
}

/** Breaks the build when an SDK update changes a field that we read. */
type Satisfies<Shape, SdkType extends Shape> = SdkType;
export type SdkAgrees = [
  Satisfies<PaymentIntentShape, Stripe.PaymentIntent>,
  Satisfies<ChargeShape, Stripe.Charge>,
  Satisfies<RefundShape, Stripe.Refund>,
  Satisfies<DisputeShape, Stripe.Dispute>,
  Satisfies<ReviewShape, Stripe.Review>,
  Satisfies<EventShape, Stripe.Event>,
];
