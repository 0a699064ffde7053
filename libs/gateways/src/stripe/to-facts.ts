import type { Fact, Money } from '@paylog/payment-domain';
import type { Mode } from '../accounts.js';
import { GatewayFault } from '../fault.js';
import {
  alias,
  automaticCapture,
  captureOf,
  operation,
  paymentFacts,
  refundFacts,
  sessionOf,
  total,
  voided,
  type FactOrigin,
} from '../observed-to-facts.js';
import type { Signed } from '../signed.js';
import { disputeFacts, reviewFacts } from './dispute-facts.js';
import { operationIn, paymentIn, type Metadata } from './metadata.js';
import { moneyOf, observePayment, observeRefund, timeOf } from './observe.js';
import {
  idOf,
  parseCharge,
  parseDispute,
  parseEvent,
  parsePaymentIntent,
  parseRefund,
  parseReview,
  type ChargeShape,
  type EventShape,
} from './shapes.js';
import { transferFacts } from './transfer-facts.js';
import { checkTransfer } from './transfers.js';

/** What a verified webhook body says. */
export type Mapped =
  | {
      readonly kind: 'facts';
      readonly eventId: string;
      readonly eventType: string;
      readonly paymentId: string;
      readonly facts: readonly Fact[];
    }
  /**
   * It is about a payment, but doesn't say which: one of these gateway ids leads there, by an alias fact known now or
   * later. Map it again with the payment id then.
   */
  | {
      readonly kind: 'unresolved';
      readonly eventId: string;
      readonly eventType: string;
      readonly references: readonly string[];
    }
  /** Stored and counted, no facts in it. */
  | {
      readonly kind: 'ignored';
      readonly eventId: string;
      readonly eventType: string;
      readonly reason: 'event_type_not_mapped' | 'release_of_uncaptured_money';
    }
  /** Signed, and not what we can read: for the dead letters. `path` is a JSON pointer. */
  | { readonly kind: 'unreadable'; readonly path: string; readonly error: string };

export interface MappingContext {
  readonly account: string;
  readonly mode: Mode;
  /** Found through `references`. What the metadata says goes first. */
  readonly paymentId?: string;
}

/**
 * A webhook body → facts. Pure. Event types decide which object is inside; the facts are read from the object's state.
 * Both twins of a happening give the same operations, and so does a repeat with other bytes.
 */
export function toFacts(body: Signed<unknown>, context: MappingContext): Mapped {
  const parsed = parseEvent(body);
  if (!parsed.ok) return { kind: 'unreadable', path: parsed.path, error: parsed.error };
  const event = parsed.value;
  if (event.livemode !== (context.mode === 'live')) {
    return {
      kind: 'unreadable',
      path: '/livemode',
      error: `livemode is ${String(event.livemode)}, the account is in mode ${context.mode}`,
    };
  }
  try {
    return mapObject(event, context);
  } catch (error) {
    if (!(error instanceof GatewayFault)) throw error;
    return { kind: 'unreadable', path: '/data/object', error: error.message };
  }
}

function mapObject(event: EventShape, context: MappingContext): Mapped {
  const { object } = event.data;
  switch (event.type) {
    case 'payment_intent.created':
    case 'payment_intent.requires_action':
    case 'payment_intent.processing':
    case 'payment_intent.amount_capturable_updated':
    case 'payment_intent.payment_failed':
    case 'payment_intent.succeeded':
    case 'payment_intent.canceled':
      return mapPaymentIntent(event, object, context);
    case 'charge.succeeded':
    case 'charge.pending':
    case 'charge.failed':
    case 'charge.captured':
    case 'charge.expired':
    case 'charge.updated':
    case 'charge.refunded':
      return mapCharge(event, object, context);
    case 'refund.created':
    case 'refund.updated':
    case 'refund.failed':
    case 'charge.refund.updated':
      return mapRefund(event, object, context);
    case 'charge.dispute.created':
    case 'charge.dispute.updated':
    case 'charge.dispute.closed':
    case 'charge.dispute.funds_withdrawn':
    case 'charge.dispute.funds_reinstated':
      return mapDispute(event, object, context);
    case 'review.opened':
    case 'review.closed':
      return mapReview(event, object, context);
    case 'transfer.created':
    case 'transfer.reversed':
    case 'transfer.updated':
      return mapTransfer(event, object, context);
    default:
      return ignored(event, 'event_type_not_mapped');
  }
}

/** A transfer that draws on no charge and has no metadata of ours is about no payment. */
function mapTransfer(event: EventShape, object: unknown, context: MappingContext): Mapped {
  const transfer = checkTransfer(object);
  const charge = idOf(transfer.source_transaction);
  if (charge === undefined && paymentIn(transfer.metadata) === undefined) {
    return ignored(event, 'event_type_not_mapped');
  }
  return resolved(event, context, {
    metadata: transfer.metadata,
    references: [charge],
    facts: (origin) => transferFacts(origin, transfer),
  });
}

function mapPaymentIntent(event: EventShape, object: unknown, context: MappingContext): Mapped {
  const parsed = parsePaymentIntent(object);
  if (!parsed.ok) return unreadable(parsed);
  const payment = observePayment(parsed.value);
  return resolved(event, context, {
    metadata: parsed.value.metadata,
    references: [payment.containerId, payment.authorizationId],
    facts: (origin, paymentId) =>
      paymentFacts(origin, paymentId, payment, {
        session: payment.ours.session ?? sessionOf(payment.containerId),
      }),
  });
}

function mapCharge(event: EventShape, object: unknown, context: MappingContext): Mapped {
  const parsed = parseCharge(object);
  if (!parsed.ok) return unreadable(parsed);
  const charge = parsed.value;
  const container = idOf(charge.payment_intent);
  return resolved(event, context, {
    metadata: charge.metadata,
    references: [container, charge.id],
    facts: (origin, paymentId) => [
      ...(container === undefined ? [] : containerFacts(origin, charge, container, paymentId)),
      ...chargeFacts(origin, event.type, charge),
    ],
  });
}

/** A captured charge means that its PaymentIntent has succeeded: what the twin event says. */
function containerFacts(
  origin: FactOrigin,
  charge: ChargeShape,
  container: string,
  paymentId: string,
): Fact[] {
  const facts: Fact[] = [alias(origin, container, paymentId)];
  if (charge.status === 'succeeded' && charge.captured) {
    const session = operationIn(charge.metadata, 'session') ?? sessionOf(container);
    facts.push(operation(origin, { operation: session, kind: 'session', outcome: 'succeeded' }));
  }
  return facts;
}

function chargeFacts(origin: FactOrigin, eventType: string, charge: ChargeShape): Fact[] {
  const authorization = { operation: charge.id, kind: 'authorization' } as const;
  switch (charge.status) {
    case 'failed':
      return failedCharge(origin, charge);
    case 'pending':
      return [operation(origin, { ...authorization, outcome: 'pending', amount: wholeOf(charge) })];
    case 'succeeded':
      return succeededCharge(origin, eventType, charge);
    default:
      throw new GatewayFault(
        'status_unknown',
        `"${charge.status}" is not a status of a Charge we know: map it before its money is counted`,
        false,
      );
  }
}

const wholeOf = ({ amount, currency }: ChargeShape): Money => moneyOf(amount, currency);

/** A failure that takes money back off the balance undoes what had succeeded: a debit that came back. */
function failedCharge(origin: FactOrigin, charge: ChargeShape): Fact[] {
  const authorization = { operation: charge.id, kind: 'authorization' } as const;
  const reason = charge.outcome?.reason ?? charge.failure_code ?? 'unspecified';
  if (idOf(charge.failure_balance_transaction) === undefined) {
    return [operation(origin, { ...authorization, outcome: 'refused', reason })];
  }
  const undone = { outcome: 'reversed', amount: wholeOf(charge), reason } as const;
  const capture = { operation: captureOf(charge.id), kind: 'capture', parent: charge.id } as const;
  return [
    operation(origin, { ...authorization, ...undone }),
    operation(origin, { ...capture, ...undone }),
  ];
}

function succeededCharge(origin: FactOrigin, eventType: string, charge: ChargeShape): Fact[] {
  const amount = wholeOf(charge);
  const authorization = { operation: charge.id, kind: 'authorization' } as const;
  // An increment raises a charge's amount, and is an authorization of its own: only at first it is the charge's own.
  const own = eventType === 'charge.succeeded' ? { amount } : {};
  const facts: Fact[] = [operation(origin, { ...authorization, outcome: 'succeeded', ...own })];
  const captured = moneyOf(charge.amount_captured, charge.currency);
  // Captured when it was made: automatic. Any later event can't tell, and leaves it to the total.
  if (eventType === 'charge.succeeded' && charge.captured) {
    facts.push(...automaticCapture(origin, charge.id, captured, undefined));
  }
  if (captured.minor > 0n) facts.push(total(origin, charge.id, captured));
  const released = !charge.captured && charge.refunded;
  if (eventType === 'charge.expired') {
    facts.push(operation(origin, { ...authorization, outcome: 'expired', amount }));
  } else if (eventType === 'charge.refunded' && released) {
    // Never captured, so nothing was given back: the twin of a cancelation. `amount_refunded` itself is never read,
    // it can fall again; refunds are counted one by one.
    facts.push(...voided(origin, charge.id, amount, undefined));
  }
  return facts;
}

function mapRefund(event: EventShape, object: unknown, context: MappingContext): Mapped {
  const parsed = parseRefund(object);
  if (!parsed.ok) return unreadable(parsed);
  if (parsed.value.reason === 'expired_uncaptured_charge') {
    return ignored(event, 'release_of_uncaptured_money');
  }
  const refund = observeRefund(parsed.value);
  const metadata = parsed.value.metadata ?? {};
  return resolved(event, context, {
    metadata,
    references: [refund.containerId, refund.authorizationId, refund.refundId],
    facts: (origin) => refundFacts(origin, refund, operationIn(metadata, 'refund')),
  });
}

function mapDispute(event: EventShape, object: unknown, context: MappingContext): Mapped {
  const parsed = parseDispute(object);
  if (!parsed.ok) return unreadable(parsed);
  const dispute = parsed.value;
  return resolved(event, context, {
    // A dispute's metadata is not ours: no call of ours makes one.
    metadata: {},
    references: [idOf(dispute.payment_intent), idOf(dispute.charge)],
    facts: (origin) => disputeFacts(origin, dispute),
  });
}

function mapReview(event: EventShape, object: unknown, context: MappingContext): Mapped {
  const parsed = parseReview(object);
  if (!parsed.ok) return unreadable(parsed);
  const review = parsed.value;
  return resolved(event, context, {
    metadata: {},
    references: [idOf(review.payment_intent), idOf(review.charge)],
    facts: (origin) => reviewFacts(origin, review),
  });
}

interface Candidate {
  readonly metadata: Metadata;
  readonly references: readonly (string | undefined)[];
  readonly facts: (origin: FactOrigin, paymentId: string) => Fact[];
}

function resolved(event: EventShape, context: MappingContext, candidate: Candidate): Mapped {
  const head = { eventId: event.id, eventType: event.type };
  const paymentId = paymentIn(candidate.metadata) ?? context.paymentId;
  if (paymentId === undefined) {
    const references = candidate.references.filter((each) => each !== undefined);
    return { kind: 'unresolved', ...head, references };
  }
  const origin: FactOrigin = {
    scope: ['webhook', context.account, event.id],
    at: timeOf(event.created),
    source: 'webhook',
  };
  return { kind: 'facts', ...head, paymentId, facts: candidate.facts(origin, paymentId) };
}

function ignored(
  event: EventShape,
  reason: Extract<Mapped, { kind: 'ignored' }>['reason'],
): Mapped {
  return { kind: 'ignored', eventId: event.id, eventType: event.type, reason };
}

function unreadable(parsed: { path: string; error: string }): Mapped {
  return { kind: 'unreadable', path: `/data/object${parsed.path}`, error: parsed.error };
}
