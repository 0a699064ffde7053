import {
  canonicalJson,
  encode,
  partitionOf,
  PAYMENTS_EVENTS,
  paymentText,
  stateIn,
  toWireFact,
  toWirePayment,
  toWireTransition,
  type PaymentEventName,
} from '@paylog/contracts';
import { createHash } from 'node:crypto';
import type { Append } from '@paylog/event-sourcing';
import {
  add,
  eventName,
  type Fact,
  type Payment,
  paymentOf,
  transitions,
} from '@paylog/payment-domain';
import { followed, type OfPayment } from './adoption.js';
import { endOf, holdsForParked, type Lift, parkedHolds } from './parked-hold.js';
import { NEW_STREAM, type PaymentStream } from './payment-stream.js';

/** A fact as it reached us, from whichever topic. */
export interface ReportedFact {
  readonly paymentId: string;
  readonly fact: Fact;
  readonly traceparent?: string;
  readonly correlationId?: string;
}

export interface Accepted {
  readonly report: ReportedFact;
  /** Once the payment's terms are known. */
  readonly orderId: string | undefined;
}

export interface Decision {
  /** One append a newly accepted fact, in the order given. */
  readonly appends: readonly Append[];
  /** What each append accepts, beside `appends`. */
  readonly accepted: readonly Accepted[];
  /** The log holds another content under the same id: an anomaly for a person, never a silent drop. */
  readonly contradicting: readonly ReportedFact[];
  /** Held already for another parked message, and at which version: that must still be so at the commit. */
  readonly reliedOn: readonly { readonly paymentId: string; readonly version: number }[];
}

/**
 * Facts to events. What is told of an adopted payment is of the one it went into. A known fact leaves nothing; a new one leaves one event of the same id that carries the state after
 * it. Nothing is refused: a gateway's report is a fact whatever it says. Only a hold for a parked message leaves nothing
 * where there is one: else each would make the payment's state larger, and a flood of them larger than a message may be.
 */
export function decide(
  streams: ReadonlyMap<string, PaymentStream>,
  reported: readonly ReportedFact[],
  lifts: readonly Lift[] = [],
): Decision {
  const open = new Map<string, Open>();
  const at = (paymentId: string): Open => {
    const known = open.get(paymentId) ?? withPayment(streams.get(paymentId) ?? NEW_STREAM);
    open.set(paymentId, known);
    return known;
  };
  const held = new Set<string>();
  const appends: Append[] = [];
  const accepted: Accepted[] = [];
  const contradicting: ReportedFact[] = [];
  const accept = (report: ReportedFact): void => {
    const { paymentId, fact } = whereItGoes(report, at(report.paymentId));
    const before = at(paymentId);
    const known = before.facts.byId.get(fact.id);
    if (known) {
      if (contentOf(known) !== contentOf(fact)) contradicting.push(report);
      return;
    }
    if (holdsForParked(fact) && parkedHolds(before.payment).length > 0) {
      held.add(paymentId);
      return;
    }
    const facts = add(before.facts, fact);
    const payment = paymentOf(facts);
    const after = { facts, payment, version: before.version + 1 };
    open.set(paymentId, after);
    appends.push(eventOf({ ...report, paymentId, fact }, before.payment, after));
    accepted.push({ report, orderId: payment.terms?.orderId });
  };
  for (const report of reported) accept(report);
  for (const { paymentId, at: time } of lifts) {
    for (const hold of parkedHolds(at(paymentId).payment)) {
      accept({ paymentId, fact: endOf(hold, time) });
    }
  }
  const reliedOn = [...held].map((paymentId) => ({ paymentId, version: at(paymentId).version }));
  return { appends, accepted, contradicting, reliedOn };
}

/** Known where it was told, it is a repetition; else it follows a payment that was adopted. */
function whereItGoes(report: ReportedFact, stream: PaymentStream): OfPayment {
  if (stream.facts.byId.has(report.fact.id)) return report;
  return followed(report, stream) ?? report;
}

type Open = PaymentStream & { readonly payment: Payment };

function withPayment(stream: PaymentStream): Open {
  return { ...stream, payment: paymentOf(stream.facts) };
}

function eventOf(
  { paymentId, fact, traceparent, correlationId }: ReportedFact,
  before: Payment,
  after: { readonly payment: Payment; readonly version: number },
): Append {
  const type = eventName(fact) as PaymentEventName;
  const data = encode(PAYMENTS_EVENTS, type, {
    paymentId,
    version: after.version,
    fact: toWireFact(fact),
    state: toWirePayment(after.payment),
    transitions: transitions(before, after.payment).map(toWireTransition),
  });
  return {
    lane: partitionOf(paymentId),
    stream: paymentId,
    expectedVersion: after.version - 1,
    key: fact.id,
    // Of this payment: the same words under the same id about another one are no repetition, but a contradiction.
    contentDigest: createHash('sha256')
      .update(`${paymentId} ${contentOf(fact)}`)
      .digest(),
    rows: [
      {
        id: fact.id,
        type,
        schemaVersion: 1,
        source: 'payment-state',
        time: fact.at,
        data,
        causationId: fact.id,
        correlationId: correlationId ?? paymentId,
        ...(traceparent !== undefined && { traceparent }),
      },
    ],
    effects: { ...labelled(paymentId, after.version, after.payment), stateIn: stateIn(data) },
    effectsSupersede: true,
  };
}

/** What `payments.project` keeps of a payment: see sql/project.sql. */
export function effectsOf(paymentId: string, version: number, payment: Payment) {
  return { ...labelled(paymentId, version, payment), state: paymentText(payment) };
}

/** All but the state. Beside an event it is not given again, but where in its bytes it is. */
function labelled(paymentId: string, version: number, { terms, adoptions, label, final }: Payment) {
  const order = terms ?? adoptions?.find(({ into }) => into === paymentId);
  return {
    paymentId,
    version,
    storefront: order?.storefront ?? null,
    orderId: order?.orderId ?? null,
    attempt: terms?.attempt ?? null,
    label,
    final,
  };
}

function contentOf(fact: Fact): string {
  return canonicalJson(toWireFact(fact));
}
