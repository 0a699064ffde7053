import { factId } from '@paylog/contracts';
import type {
  AliasFact,
  Fact,
  Money,
  OperationFact,
  Source,
  TotalFact,
} from '@paylog/payment-domain';
import type { ObservedPayment, ObservedRefund } from './port.js';

/**
 * Part of every fact id. A mapping that comes to say something else for the same input gets a new number, so that the
 * corrected fact can stand beside the retraction of the wrong one.
 */
export const MAPPING_VERSION = '2';

/** Where facts come from: makes their ids, and the fields they share. */
export interface FactOrigin {
  /** What makes this telling unique: account and event id, or account, operation and call. */
  readonly scope: readonly string[];
  readonly at: string;
  readonly source: Source;
  /** Of our own call; only operations of ours carry it. */
  readonly call?: { readonly number: number; readonly operations: readonly string[] };
}

/** Gateways have no ids for these, so we make them from the authorization's or the container's. */
export const captureOf = (authorizationId: string): string => `${authorizationId}/capture`;
export const voidOf = (authorizationId: string): string => `${authorizationId}/void`;
export const sessionOf = (containerId: string): string => `${containerId}/session`;

/** Which operations of ours a sight of the payment is about. Absent: told under the gateway's own id. */
export interface OurNames {
  readonly session: string;
  readonly authorization?: string;
  /** The capture that comes with an automatic authorization. */
  readonly capture?: string;
  readonly void?: string;
}

/**
 * Everything one sight of a payment says. The same for both twins of a webhook, for an answer and for a query: they
 * differ in `names` only. The state is read, not the occasion, so a late sight says no less than an early one.
 */
export function paymentFacts(
  origin: FactOrigin,
  paymentId: string,
  payment: ObservedPayment,
  names: OurNames,
): Fact[] {
  const facts: Fact[] = [alias(origin, payment.containerId, paymentId)];
  const tell = (fact: Told): number => facts.push(operation(origin, fact));
  switch (payment.status) {
    case 'requires_payment_method':
    case 'requires_confirmation':
      tell(session(names, 'pending', payment.decline?.declineCode));
      if (payment.decline !== undefined) facts.push(...refusedTry(origin, payment, names));
      return facts;
    case 'requires_action':
    case 'processing':
      tell(session(names, 'pending', payment.status));
      if (names.authorization !== undefined) {
        // A debit under way has its charge already, which webhooks tell of under that name.
        if (payment.status === 'processing' && payment.authorizationId !== undefined) {
          facts.push(alias(origin, payment.authorizationId, names.authorization));
          if (names.capture !== undefined) {
            facts.push(alias(origin, captureOf(payment.authorizationId), names.capture));
          }
        }
        tell({ operation: names.authorization, kind: 'authorization', outcome: 'pending' });
      }
      return facts;
    case 'requires_capture':
      return [...facts, ...authorized(origin, payment, names)];
    case 'succeeded':
      // What was authorized and not captured by now never will be.
      tell(session(names, 'succeeded', undefined));
      return [...facts, ...authorized(origin, payment, names)];
    case 'canceled':
      facts.push(...closed(origin, payment, names));
      return facts;
  }
}

/** A refund, under our id when its metadata or our own answer names it, else under the gateway's. */
export function refundFacts(
  origin: FactOrigin,
  refund: ObservedRefund,
  ours: string | undefined,
): Fact[] {
  const { outcome, reason } = refundOutcome(refund);
  const fact = operation(origin, {
    operation: ours ?? refund.refundId,
    kind: 'refund',
    outcome,
    amount: refund.amount,
    ...(reason === undefined ? {} : { reason }),
    ...(refund.authorizationId === undefined ? {} : { parent: refund.authorizationId }),
  });
  return ours === undefined ? [fact] : [alias(origin, refund.refundId, ours), fact];
}

export interface Told {
  readonly operation: string;
  readonly kind: OperationFact['kind'];
  readonly outcome: OperationFact['outcome'];
  readonly amount?: Money;
  readonly reason?: string;
  readonly parent?: string;
  readonly participant?: string;
}

export function operation(origin: FactOrigin, told: Told): OperationFact {
  const ofOurCall = origin.call?.operations.includes(told.operation) === true;
  return {
    id: factId(...origin.scope, MAPPING_VERSION, told.kind, told.operation, told.outcome),
    type: 'operation',
    at: origin.at,
    source: origin.source,
    ...told,
    ...(ofOurCall && origin.call !== undefined ? { call: origin.call.number } : {}),
  };
}

export function alias(origin: FactOrigin, name: string, target: string): AliasFact {
  return {
    id: factId(...origin.scope, MAPPING_VERSION, 'alias', name, target),
    type: 'alias',
    at: origin.at,
    source: origin.source,
    alias: name,
    target,
  };
}

export function total(origin: FactOrigin, object: string, value: Money): TotalFact {
  return {
    id: factId(...origin.scope, MAPPING_VERSION, 'total', object, String(value.minor)),
    type: 'total',
    at: origin.at,
    source: origin.source,
    object,
    value,
  };
}

function session(names: OurNames, outcome: Told['outcome'], reason: string | undefined): Told {
  return {
    operation: names.session,
    kind: 'session',
    outcome,
    ...(reason === undefined ? {} : { reason }),
  };
}

function authorized(origin: FactOrigin, payment: ObservedPayment, names: OurNames): Fact[] {
  const { authorizationId, captured } = payment;
  if (authorizationId === undefined) return [];
  const increments = incrementsOf(payment);
  const added = increments.reduce((sum, { minor }) => sum + minor, 0n);
  const amount = { ...payment.amount, minor: payment.amount.minor - added };
  const facts: Fact[] = [];
  if (names.authorization !== undefined) {
    facts.push(alias(origin, authorizationId, names.authorization));
  }
  facts.push(
    operation(origin, {
      operation: names.authorization ?? authorizationId,
      kind: 'authorization',
      outcome: 'succeeded',
      amount,
    }),
    ...increments.map(({ operationId, minor }) =>
      operation(origin, {
        operation: operationId,
        kind: 'authorization',
        outcome: 'succeeded',
        amount: { ...amount, minor },
        parent: names.authorization ?? authorizationId,
      }),
    ),
  );
  if (captured.minor === 0n) return facts;
  // An automatic capture is one happening with one amount. Manual ones may be several, told as a sum only: which of
  // them this is, only our own calls know.
  if (payment.captureMode === 'automatic') {
    facts.push(...automaticCapture(origin, authorizationId, captured, names.capture));
  }
  facts.push(total(origin, authorizationId, captured));
  return facts;
}

/** None can be trusted that leaves nothing to the authorization they were added to. */
function incrementsOf({ amount, ours }: ObservedPayment): ObservedPayment['ours']['increments'] {
  const added = ours.increments.reduce((sum, { minor }) => sum + minor, 0n);
  return added < amount.minor ? ours.increments : [];
}

/** The capture that came with an authorization, which the gateway gives no id. */
export function automaticCapture(
  origin: FactOrigin,
  authorizationId: string,
  captured: Money,
  ours: string | undefined,
): Fact[] {
  const twin = captureOf(authorizationId);
  const fact = operation(origin, {
    operation: ours ?? twin,
    kind: 'capture',
    outcome: 'succeeded',
    amount: captured,
    parent: authorizationId,
  });
  return ours === undefined ? [fact] : [alias(origin, twin, ours), fact];
}

/** Without an authorization at the gateway (a failed 3DS) only our own operation can be the one refused. */
function refusedTry(origin: FactOrigin, payment: ObservedPayment, names: OurNames): Fact[] {
  const { authorizationId, decline } = payment;
  const refused = names.authorization ?? authorizationId;
  if (refused === undefined || decline === undefined) return [];
  const facts: Fact[] = [];
  if (names.authorization !== undefined && authorizationId !== undefined) {
    facts.push(alias(origin, authorizationId, names.authorization));
  }
  const reason = decline.declineCode;
  // What had been won and came back is undone, not refused.
  const ended = payment.cameBack
    ? ({ outcome: 'reversed', amount: payment.amount, reason } as const)
    : ({ outcome: 'refused', reason } as const);
  facts.push(operation(origin, { operation: refused, kind: 'authorization', ...ended }));
  if (names.capture !== undefined) {
    facts.push(operation(origin, { operation: names.capture, kind: 'capture', ...ended }));
  }
  return facts;
}

function closed(origin: FactOrigin, payment: ObservedPayment, names: OurNames): Fact[] {
  const { authorizationId, decline, canceledBecause } = payment;
  const ranOut = canceledBecause === 'automatic' || canceledBecause === 'expired';
  const facts: Fact[] = [
    operation(origin, session(names, ranOut ? 'expired' : 'canceled', canceledBecause)),
  ];
  if (decline !== undefined) {
    return [...facts, ...refusedTry(origin, payment, names), ...nothingToVoid(origin, names)];
  }
  if (authorizationId === undefined) return [...facts, ...neverTried(origin, names)];
  facts.push(...authorized(origin, payment, names));
  const amount = { ...payment.amount, minor: payment.amount.minor - payment.captured.minor };
  if (ranOut) {
    const expired = names.authorization ?? authorizationId;
    facts.push(
      operation(origin, { operation: expired, kind: 'authorization', outcome: 'expired', amount }),
    );
    return facts;
  }
  return [...facts, ...voided(origin, authorizationId, amount, names.void)];
}

/** The rest of an authorization was let go. */
export function voided(
  origin: FactOrigin,
  authorizationId: string,
  amount: Money,
  ours: string | undefined,
): Fact[] {
  const twin = voidOf(authorizationId);
  const fact = operation(origin, {
    operation: ours ?? twin,
    kind: 'void',
    outcome: 'succeeded',
    amount,
    parent: authorizationId,
  });
  return ours === undefined ? [fact] : [alias(origin, twin, ours), fact];
}

/** A void is a goal: with nothing held it is reached by closing the container, and its call is over. */
function nothingToVoid(origin: FactOrigin, { void: ours }: OurNames): Fact[] {
  if (ours === undefined) return [];
  const reason = 'nothing_authorized';
  return [operation(origin, { operation: ours, kind: 'void', outcome: 'canceled', reason })];
}

/** The container is closed and no money was ever held: what we had asked for will not happen. */
function neverTried(origin: FactOrigin, names: OurNames): Fact[] {
  const ours = [
    { operation: names.authorization, kind: 'authorization' },
    { operation: names.capture, kind: 'capture' },
  ] as const;
  const reason = 'session_canceled';
  const canceled = ours.flatMap(({ operation: id, kind }) =>
    id === undefined
      ? []
      : [operation(origin, { operation: id, kind, outcome: 'canceled', reason })],
  );
  return [...canceled, ...nothingToVoid(origin, names)];
}

/** A refund that failed had been accepted before, perhaps had succeeded: it is undone, not refused. */
function refundOutcome(refund: ObservedRefund): { outcome: Told['outcome']; reason?: string } {
  switch (refund.status) {
    case 'pending':
      return { outcome: 'pending' };
    case 'requires_action':
      return { outcome: 'pending', reason: 'requires_action' };
    case 'succeeded':
      return { outcome: 'succeeded' };
    case 'failed':
      return { outcome: 'reversed', reason: refund.failureReason ?? 'refund_failed' };
    case 'canceled':
      return { outcome: 'canceled' };
  }
}
