import type { Dispute, Payment, Transition } from '@paylog/payment-domain';
import Type, { type Static } from 'typebox';
import {
  AnomalyName,
  closed,
  Currency,
  DisputeOutcomeOrBoth,
  DisputeStageName,
  GatewayId,
  KindName,
  LabelName,
  optional,
  Reason,
  Reference,
  Signed,
  StatusName,
  StatusOrNone,
  Sum,
  Time,
  WireMoney,
} from './schema.js';
import {
  fromWireMoney,
  fromWireTerms,
  toWireMoney,
  toWireTerms,
  WireAdoption,
  WireOrigin,
  WireTerms,
} from './wire-fact.js';

/** Left out where nothing was ever in dispute, as nearly always. */
const disputeSums = {
  disputed: optional(Sum),
  chargedBack: optional(Sum),
  disputeFees: optional(Sum),
};
const Sums = closed({ authorized: Sum, captured: Sum, refunded: Sum, ...disputeSums });
const AllSums = closed({ ...Sums.properties, voided: Sum });
type Sums = Static<typeof Sums>;

const WireOperation = closed({
  id: GatewayId,
  kind: KindName,
  status: StatusName,
  asked: optional(WireMoney),
  amount: optional(WireMoney),
  reason: optional(Reason),
  parent: optional(GatewayId),
  /** Of a participant's payout and its reversal. */
  participant: optional(Reference),
  foreign: Type.Boolean(),
  aliases: Type.Array(GatewayId),
});

const WireDispute = closed({
  id: GatewayId,
  stage: optional(DisputeStageName),
  outcome: optional(DisputeOutcomeOrBoth),
  amount: optional(WireMoney),
  reason: optional(Reason),
  respondBy: optional(Time),
  parent: optional(GatewayId),
  withdrawn: Sum,
  reinstated: Sum,
  fee: Sum,
});

/** The state of a payment after an event, as `payments.events.v1` carries it. */
export const PaymentState = closed({
  terms: optional(WireTerms),
  /** Of a payment found at a gateway. */
  origin: optional(WireOrigin),
  adoptions: optional(Type.Array(WireAdoption)),
  currency: optional(Currency),
  amounts: AllSums,
  otherCurrencies: Type.Record(Type.String({ pattern: '^[A-Z]{3}$' }), Sums, {
    additionalProperties: false,
  }),
  label: LabelName,
  final: Type.Boolean(),
  unresolved: Type.Array(GatewayId),
  held: Type.Boolean(),
  closed: Type.Boolean(),
  operations: Type.Array(WireOperation),
  /** With `disputeStatus`: absent where nothing was ever in dispute. */
  disputes: optional(Type.Array(WireDispute)),
  disputeStatus: optional(closed({ stage: DisputeStageName, outcome: DisputeOutcomeOrBoth })),
  anomalies: Type.Array(closed({ kind: AnomalyName, about: Type.Array(GatewayId) })),
});
export type PaymentState = Static<typeof PaymentState>;

export const WireTransition = closed({
  operation: GatewayId,
  kind: KindName,
  from: StatusOrNone,
  to: StatusOrNone,
  delta: Signed,
  /** `XXX` (ISO 4217: none) where the facts name no currency. */
  currency: Type.Union([Currency, Type.Literal('XXX')]),
});
/** A transition on the wire: `delta` is a decimal string with a sign where it falls. */
export type WireTransition = Static<typeof WireTransition>;

/** A payment to its wire form, for `encode`. */
export function toWirePayment(payment: Payment): PaymentState {
  const { terms, amounts, otherCurrencies, unresolved, operations, disputes, ...others } = payment;
  const { anomalies, adoptions, ...rest } = others;
  return {
    ...rest,
    ...(terms && { terms: toWireTerms(terms) }),
    ...(adoptions && { adoptions: [...adoptions] }),
    amounts: { ...toWireSums(amounts), voided: String(amounts.voided) },
    otherCurrencies: mapValues(otherCurrencies, toWireSums),
    unresolved: [...unresolved],
    operations: operations.map(({ asked, amount, aliases, ...operation }) => ({
      ...operation,
      ...(asked && { asked: toWireMoney(asked) }),
      ...(amount && { amount: toWireMoney(amount) }),
      aliases: [...aliases],
    })),
    ...(disputes.length > 0 && { disputes: disputes.map(toWireDispute) }),
    anomalies: anomalies.map(({ kind, about }) => ({ kind, about: [...about] })),
  };
}

/** A payment from its wire form, as `decode` gives it. */
export function fromWirePayment(state: PaymentState): Payment {
  const { terms, amounts, otherCurrencies, operations, disputes, ...rest } = state;
  return {
    ...rest,
    ...(terms && { terms: fromWireTerms(terms) }),
    amounts: { ...fromWireSums(amounts), voided: BigInt(amounts.voided) },
    otherCurrencies: mapValues(otherCurrencies, fromWireSums),
    operations: operations.map(({ asked, amount, ...operation }) => ({
      ...operation,
      ...(asked && { asked: fromWireMoney(asked) }),
      ...(amount && { amount: fromWireMoney(amount) }),
    })),
    disputes: (disputes ?? []).map(fromWireDispute),
  };
}

type DomainSums = Omit<Payment['amounts'], 'voided'>;

function toWireSums(sums: DomainSums): Sums {
  const { disputed, chargedBack, disputeFees } = sums;
  return {
    authorized: String(sums.authorized),
    captured: String(sums.captured),
    refunded: String(sums.refunded),
    ...(disputed > 0n && { disputed: String(disputed) }),
    ...(chargedBack > 0n && { chargedBack: String(chargedBack) }),
    ...(disputeFees > 0n && { disputeFees: String(disputeFees) }),
  };
}

function fromWireSums(sums: Sums): DomainSums {
  return {
    authorized: BigInt(sums.authorized),
    captured: BigInt(sums.captured),
    refunded: BigInt(sums.refunded),
    disputed: BigInt(sums.disputed ?? '0'),
    chargedBack: BigInt(sums.chargedBack ?? '0'),
    disputeFees: BigInt(sums.disputeFees ?? '0'),
  };
}

function toWireDispute(dispute: Dispute): Static<typeof WireDispute> {
  const { amount, withdrawn, reinstated, fee, ...rest } = dispute;
  return {
    ...rest,
    ...(amount && { amount: toWireMoney(amount) }),
    withdrawn: String(withdrawn),
    reinstated: String(reinstated),
    fee: String(fee),
  };
}

function fromWireDispute(wire: Static<typeof WireDispute>): Dispute {
  const { amount, withdrawn, reinstated, fee, ...rest } = wire;
  return {
    ...rest,
    ...(amount && { amount: fromWireMoney(amount) }),
    withdrawn: BigInt(withdrawn),
    reinstated: BigInt(reinstated),
    fee: BigInt(fee),
  };
}

/** A transition to its wire form. */
export function toWireTransition(transition: Transition): WireTransition {
  return { ...transition, delta: transition.delta.toString() };
}

/** A transition from its wire form. */
export function fromWireTransition(wire: WireTransition): Transition {
  return { ...wire, delta: BigInt(wire.delta) };
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, to: (a: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(value)]));
}
