import type { Payment, Transition } from '@paylog/payment-domain';
import Type, { type Static } from 'typebox';
import {
  AnomalyName,
  closed,
  Currency,
  GatewayId,
  KindName,
  LabelName,
  optional,
  Reason,
  Signed,
  StatusName,
  StatusOrNone,
  Sum,
  WireMoney,
} from './schema.js';
import { fromWireMoney, toWireMoney, WireTerms } from './wire-fact.js';

const Sums = closed({ authorized: Sum, captured: Sum, refunded: Sum });

const WireOperation = closed({
  id: GatewayId,
  kind: KindName,
  status: StatusName,
  asked: optional(WireMoney),
  amount: optional(WireMoney),
  reason: optional(Reason),
  parent: optional(GatewayId),
  foreign: Type.Boolean(),
  aliases: Type.Array(GatewayId),
});

/** The state of a payment after an event, as `payments.events.v1` carries it. */
export const PaymentState = closed({
  terms: optional(WireTerms),
  currency: optional(Currency),
  amounts: closed({ authorized: Sum, captured: Sum, refunded: Sum, voided: Sum }),
  otherCurrencies: Type.Record(Type.String({ pattern: '^[A-Z]{3}$' }), Sums, {
    additionalProperties: false,
  }),
  label: LabelName,
  final: Type.Boolean(),
  unresolved: Type.Array(GatewayId),
  held: Type.Boolean(),
  closed: Type.Boolean(),
  operations: Type.Array(WireOperation),
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
  const { terms, amounts, otherCurrencies, unresolved, operations, anomalies, ...rest } = payment;
  return {
    ...rest,
    ...(terms && { terms: { ...terms, amount: toWireMoney(terms.amount) } }),
    amounts: mapSums(amounts, String),
    otherCurrencies: mapValues(otherCurrencies, (sums) => mapSums(sums, String)),
    unresolved: [...unresolved],
    operations: operations.map(({ asked, amount, aliases, ...operation }) => ({
      ...operation,
      ...(asked && { asked: toWireMoney(asked) }),
      ...(amount && { amount: toWireMoney(amount) }),
      aliases: [...aliases],
    })),
    anomalies: anomalies.map(({ kind, about }) => ({ kind, about: [...about] })),
  };
}

/** A payment from its wire form, as `decode` gives it. */
export function fromWirePayment(state: PaymentState): Payment {
  const { terms, amounts, otherCurrencies, operations, ...rest } = state;
  return {
    ...rest,
    ...(terms && { terms: { ...terms, amount: fromWireMoney(terms.amount) } }),
    amounts: mapSums(amounts, BigInt),
    otherCurrencies: mapValues(otherCurrencies, (sums) => mapSums(sums, BigInt)),
    operations: operations.map(({ asked, amount, ...operation }) => ({
      ...operation,
      ...(asked && { asked: fromWireMoney(asked) }),
      ...(amount && { amount: fromWireMoney(amount) }),
    })),
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

function mapSums<K extends string, A, B>(sums: Readonly<Record<K, A>>, to: (a: A) => B) {
  return mapValues(sums, to) as Record<K, B>;
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, to: (a: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(value)]));
}
