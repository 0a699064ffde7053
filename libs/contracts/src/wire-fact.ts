import type { Fact, Money, TermsFact } from '@paylog/payment-domain';
import Type, { type Static } from 'typebox';
import {
  Account,
  Amount,
  Attempt,
  CaptureMode,
  closed,
  DisputeOutcomeName,
  DisputeStageName,
  Gateway,
  GatewayId,
  Id,
  KindName,
  Mode,
  optional,
  OrderId,
  Ordinal,
  OutcomeName,
  Name,
  PaymentId,
  Reason,
  Reference,
  Storefront,
  Text,
  Time,
  WireMoney,
} from './schema.js';
import { fromWireSplits, toWireSplits, WireSplits } from './wire-splits.js';

const SourceName = Type.Enum([
  'request',
  'response',
  'webhook',
  'poll',
  'settlement',
  'clock',
  'operator',
]);

const head = { id: Id, at: Time, source: SourceName };

export const WireTerms = closed({
  mode: Mode,
  storefront: Storefront,
  orderId: OrderId,
  attempt: Attempt,
  amount: Amount,
  captureMode: CaptureMode,
  account: Account,
  gateway: Gateway,
  splits: optional(WireSplits),
  shipping: optional(Type.Literal('parts')),
});
type WireTerms = Static<typeof WireTerms>;

export const WireTermsFact = closed({
  ...head,
  type: Type.Literal('terms'),
  ...WireTerms.properties,
});

export const WireOrigin = closed({
  mode: Mode,
  account: Account,
  gateway: Gateway,
  object: GatewayId,
});

const adoption = {
  at: Time,
  payment: PaymentId,
  into: PaymentId,
  storefront: Storefront,
  orderId: OrderId,
  operator: Name,
  reason: Text,
};
export const WireAdoption = closed(adoption);

export const WireFact = Type.Union([
  WireTermsFact,
  closed({
    ...head,
    type: Type.Literal('operation'),
    operation: GatewayId,
    kind: KindName,
    outcome: OutcomeName,
    asked: optional(WireMoney),
    amount: optional(WireMoney),
    call: optional(Ordinal),
    reason: optional(Reason),
    parent: optional(GatewayId),
    participant: optional(Reference),
  }),
  closed({
    ...head,
    type: Type.Literal('dispute'),
    dispute: GatewayId,
    stage: DisputeStageName,
    outcome: DisputeOutcomeName,
    amount: optional(WireMoney),
    reason: optional(Reason),
    respondBy: optional(Time),
    parent: optional(GatewayId),
  }),
  closed({ ...head, type: Type.Literal('alias'), alias: GatewayId, target: GatewayId }),
  closed({ ...head, type: Type.Literal('total'), object: GatewayId, value: WireMoney }),
  closed({
    ...head,
    type: Type.Literal('retraction'),
    retracts: Id,
    reason: Reason,
    successor: optional(Id),
  }),
  closed({ ...head, type: Type.Literal('origin'), ...WireOrigin.properties }),
  closed({ ...head, type: Type.Literal('adoption'), ...adoption }),
]);

/** Money on the wire: `minor` is a decimal string. */
export type WireMoney = Static<typeof WireMoney>;
/** A fact on the wire: as in `@paylog/payment-domain`, money as decimal strings. */
export type WireFact = Static<typeof WireFact>;
/** The terms of a payment on the wire, as a fact. */
export type WireTermsFact = Static<typeof WireTermsFact>;

/** Money to its wire form. */
export function toWireMoney(money: Money): WireMoney {
  return { minor: money.minor.toString(), currency: money.currency };
}

/** Money from its (validated) wire form. */
export function fromWireMoney(wire: WireMoney): Money {
  return { minor: BigInt(wire.minor), currency: wire.currency };
}

type Terms = Pick<TermsFact, 'amount' | 'splits'>;
type AsWire = Pick<WireTerms, 'amount' | 'splits'>;

/** Terms to their wire form, whatever stands beside them. */
export function toWireTerms<T extends Terms>(terms: T): Omit<T, keyof Terms> & AsWire {
  const { amount, splits, ...rest } = terms;
  return { ...rest, amount: toWireMoney(amount), ...(splits && { splits: toWireSplits(splits) }) };
}

/** Terms from their (validated) wire form. */
export function fromWireTerms<T extends AsWire>(wire: T): Omit<T, keyof AsWire> & Terms {
  const { amount, splits, ...rest } = wire;
  return {
    ...rest,
    amount: fromWireMoney(amount),
    ...(splits && { splits: fromWireSplits(splits) }),
  };
}

/** A fact to its wire form, for `encode`. */
export function toWireFact<F extends Fact>(fact: F): Extract<WireFact, { type: F['type'] }>;
export function toWireFact(fact: Fact): WireFact {
  switch (fact.type) {
    case 'terms':
      return toWireTerms(fact);
    case 'total':
      return { ...fact, value: toWireMoney(fact.value) };
    case 'operation': {
      const { asked, amount, ...rest } = fact;
      return {
        ...rest,
        ...(asked && { asked: toWireMoney(asked) }),
        ...(amount && { amount: toWireMoney(amount) }),
      };
    }
    case 'dispute': {
      const { amount, ...rest } = fact;
      return { ...rest, ...(amount && { amount: toWireMoney(amount) }) };
    }
    case 'alias':
    case 'retraction':
    case 'origin':
    case 'adoption':
      return { ...fact };
  }
}

const FIELDS = new Map(
  WireFact.anyOf.map(({ properties }) => [properties.type.const, new Set(Object.keys(properties))]),
);

/** A decoded fact without the fields that a newer writer may have added: those would break what we write ourselves. */
export function knownOf<W extends WireFact>(wire: W): W {
  const fields = Object.entries(wire).filter(([name]) => FIELDS.get(wire.type)?.has(name));
  return Object.fromEntries(fields) as W;
}

/** A fact from its wire form, as `decode` gives it. */
export function fromWireFact<W extends WireFact>(wire: W): Extract<Fact, { type: W['type'] }>;
export function fromWireFact(wire: WireFact): Fact {
  switch (wire.type) {
    case 'terms':
      return fromWireTerms(wire);
    case 'total':
      return { ...wire, value: fromWireMoney(wire.value) };
    case 'operation': {
      const { asked, amount, ...rest } = wire;
      return {
        ...rest,
        ...(asked && { asked: fromWireMoney(asked) }),
        ...(amount && { amount: fromWireMoney(amount) }),
      };
    }
    case 'dispute': {
      const { amount, ...rest } = wire;
      return { ...rest, ...(amount && { amount: fromWireMoney(amount) }) };
    }
    case 'alias':
    case 'retraction':
    case 'origin':
    case 'adoption':
      return { ...wire };
  }
}
