import {
  fold,
  FOREIGN_CAPTURE,
  type Fact,
  type Kind,
  type Money,
  type Operation,
  type OperationFact,
  type Outcome,
  type Payment,
  type TermsFact,
} from '@paylog/payment-domain';
import type { IntentRefused, RecordedMessage } from './messages.js';
import { operations } from './operations.js';

/** A call at the gateway, as our own log has it. */
export interface Call {
  readonly number: number;
  readonly at: string;
  /** Our log holds an answer, `unknown` included. Without one we died between the call and its answer. */
  readonly answered: boolean;
}

/** An operation we asked for. */
export interface OwnOperation {
  readonly id: string;
  readonly kind: Kind;
  readonly requestedAt: string;
  readonly asked?: Money;
  readonly parent?: string;
  readonly reason?: string;
  readonly participant?: string;
  readonly calls: readonly Call[];
  /** When the last fact about it was recorded. */
  readonly lastAt: string;
}

/** Everything intent's own log says about one payment: a pure fold of its stream. */
export interface Intent {
  readonly paymentId: string;
  /** Rows in the stream: the version an append expects. */
  readonly version: number;
  readonly terms?: TermsFact;
  /** Our own facts, in the order they were recorded. */
  readonly facts: readonly Fact[];
  /** Their fold. */
  readonly payment: Payment;
  /** In the order they were asked for. */
  readonly own: readonly OwnOperation[];
  /** Ids of all requests that left something in the stream: the inbox. */
  readonly handled: ReadonlySet<string>;
  /** The customer keeps the money, or gets it back. */
  readonly cancel?: { readonly at: string; readonly reason?: string };
  /** The gateway refused to authorize: what the storefront was told. */
  readonly decline?: IntentRefused;
  /** The gateway's id of the container: alias of the payment. */
  readonly containerId?: string;
  /** Gateway ids by our operation id, of our own alias facts. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
}

export function foldIntent(paymentId: string, recorded: readonly RecordedMessage[]): Intent {
  const facts: Fact[] = [];
  const handled = new Set<string>();
  const authorization = operations.authorization(paymentId);
  let terms: TermsFact | undefined;
  let cancel: Intent['cancel'];
  let decline: IntentRefused | undefined;
  for (const { message, causedBy, at } of recorded) {
    if (causedBy !== undefined) handled.add(causedBy);
    switch (message.type) {
      case 'IntentAccepted':
        terms ??= message.data.fact;
        facts.push(message.data.fact);
        break;
      case 'FactRecorded':
        facts.push(message.data.fact);
        break;
      case 'IntentRefused':
        if (message.data.requestId === authorization) decline = message.data;
        break;
      case 'IntentConflicted':
        break;
      case 'OrderMessageAccepted':
        if (message.data.kind === 'cancelled') {
          const { reason } = message.data;
          cancel ??= { at, ...(reason === undefined ? {} : { reason }) };
        }
        break;
    }
  }
  const aliases = aliasesOf(facts);
  const containerId = aliases.get(paymentId)?.[0];
  return {
    paymentId,
    version: recorded.length,
    facts,
    payment: fold(facts),
    own: ownOperations(facts),
    handled,
    aliases,
    ...(terms ? { terms } : {}),
    ...(cancel ? { cancel } : {}),
    ...(decline ? { decline } : {}),
    ...(containerId === undefined ? {} : { containerId }),
  };
}

function aliasesOf(facts: readonly Fact[]): Map<string, string[]> {
  const aliases = new Map<string, string[]>();
  for (const fact of facts) {
    if (fact.type !== 'alias') continue;
    const known = aliases.get(fact.target) ?? [];
    if (!known.includes(fact.alias)) aliases.set(fact.target, [...known, fact.alias]);
  }
  return aliases;
}

function ownOperations(facts: readonly Fact[]): OwnOperation[] {
  const found = new Map<string, OwnOperation>();
  for (const fact of facts) {
    if (fact.type !== 'operation') continue;
    const before = found.get(fact.operation);
    // Only what we asked for is ours; an answer may also tell of others (a foreign capture, a session).
    if (before === undefined && fact.outcome !== 'requested') continue;
    found.set(fact.operation, withFact(before, fact));
  }
  return [...found.values()];
}

function withFact(before: OwnOperation | undefined, fact: OperationFact): OwnOperation {
  const operation = before ?? {
    id: fact.operation,
    kind: fact.kind,
    requestedAt: fact.at,
    ...(fact.asked ? { asked: fact.asked } : {}),
    ...(fact.parent === undefined ? {} : { parent: fact.parent }),
    ...(fact.reason === undefined ? {} : { reason: fact.reason }),
    ...(fact.participant === undefined ? {} : { participant: fact.participant }),
    calls: [],
  };
  const later = before !== undefined && before.lastAt > fact.at ? before.lastAt : fact.at;
  return { ...operation, calls: withCall(operation.calls, fact), lastAt: later };
}

function withCall(calls: readonly Call[], fact: OperationFact): readonly Call[] {
  if (fact.call === undefined || fact.source === 'poll') return calls;
  if (fact.outcome === 'requested') {
    if (calls.some((call) => call.number === fact.call)) return calls;
    return [...calls, { number: fact.call, at: fact.at, answered: false }];
  }
  return calls.map((call) => (call.number === fact.call ? { ...call, answered: true } : call));
}

/** What we know of a payment: our own log, and what payment-state has made of everybody's facts so far. */
export interface Known {
  readonly intent: Intent;
  /** Our projection of `payments.events.v1`; may lag behind our own log, and is ahead of it after webhooks. */
  readonly projected?: Payment;
}

const RANK: Record<Outcome, number> = {
  not_attempted: 0,
  requested: 1,
  unknown: 2,
  pending: 3,
  expired: 4,
  canceled: 4,
  refused: 4,
  succeeded: 5,
  reversed: 6,
};

export type Status = Outcome | 'contradicted' | 'none';

/**
 * One operation of ours by everything we know. What the gateway said counts whoever heard it, higher rank first. What
 * only we can say (`requested`, `unknown`, `not_attempted`) is read from our own log: the projection lags behind it.
 */
export function statusOf(known: Known, operation: string): Status {
  const own = find(known.intent.payment, operation);
  const projected = find(known.projected, operation);
  if (projected === undefined) return own ?? 'none';
  // Undone explains both a success and a refusal, whoever heard which.
  if (projected === 'reversed' || own === 'reversed') return 'reversed';
  if (projected === 'contradicted' || own === 'contradicted') return 'contradicted';
  if (own === undefined) return projected;
  if (RANK[projected] <= RANK.unknown) return own;
  return RANK[projected] > RANK[own] ? projected : own;
}

function find(
  payment: Payment | undefined,
  operation: string,
): Exclude<Status, 'none'> | undefined {
  return payment?.operations.find((each) => each.id === operation)?.status;
}

/** Not over: the gateway may still do it. */
export function isOpen(status: Status): boolean {
  return (
    status === 'requested' ||
    status === 'unknown' ||
    status === 'pending' ||
    status === 'contradicted'
  );
}

/** The gateway can't take money for this attempt any more. */
export function isClosed(known: Known): boolean {
  const closed = known.intent.payment.closed || known.projected?.closed === true;
  return closed && !isOpenAgain(known);
}

/** What was paid came back (a debit that failed late): the gateway lets it be paid once more until we close it there. */
function isOpenAgain(known: Known): boolean {
  const { paymentId, own } = known.intent;
  if (statusOf(known, operations.authorization(paymentId)) !== 'reversed') return false;
  if (movedMinor(known, 'capture').done > 0n) return false;
  const closedByUs = own.some(({ id, kind }) => {
    const status = statusOf(known, id);
    return kind === 'void' && !isOpen(status) && status !== 'not_attempted';
  });
  return !closedByUs;
}

/**
 * Captures or refunds: what they moved, and what may still move. Foreign ones count, even where one may turn out to be
 * ours in doubt: too much counted refuses a request that can be repeated, too little could pay out twice.
 */
export function movedMinor(
  known: Known,
  kind: 'capture' | 'refund',
): { done: bigint; open: bigint } {
  const total = kind === 'capture' ? 'captured' : 'refunded';
  let succeeded = 0n;
  let open = 0n;
  // Succeeded by our own log, which never hears of what the gateway undid later.
  let undone = 0n;
  for (const operation of known.intent.own) {
    if (operation.kind !== kind) continue;
    const status = statusOf(known, operation.id);
    const minor = operation.asked?.minor ?? 0n;
    if (status === 'succeeded') succeeded += amountOf(known, operation.id) ?? minor;
    else if (isOpen(status)) open += minor;
    else if (status === 'reversed') undone += countedIn(known.intent.payment, operation.id);
  }
  for (const operation of known.projected?.operations ?? []) {
    if (operation.kind !== kind || operation.status !== 'succeeded') continue;
    if (isSomebodyElses(operation, known.intent)) succeeded += operation.amount?.minor ?? 0n;
  }
  const ownTotal = known.intent.payment.amounts[total] - undone;
  return { done: max(succeeded, known.projected?.amounts[total] ?? 0n, ownTotal), open };
}

/**
 * Foreign by the projection, and not one of ours by a name that only our own log has learnt yet. What a total tells
 * beyond the captures known one by one is in the projection's sum, and can be our own capture.
 */
function isSomebodyElses({ id, foreign }: Operation, { aliases }: Intent): boolean {
  if (!foreign || id === FOREIGN_CAPTURE) return false;
  return ![...aliases.values()].some((names) => names.includes(id));
}

function countedIn(payment: Payment, operation: string): bigint {
  const found = payment.operations.find((each) => each.id === operation);
  return found?.status === 'succeeded' ? (found.amount?.minor ?? 0n) : 0n;
}

function amountOf(known: Known, operation: string): bigint | undefined {
  const of = (payment?: Payment) =>
    payment?.operations.find((each) => each.id === operation)?.amount?.minor;
  return of(known.projected) ?? of(known.intent.payment);
}

/** What the issuer holds for us, or held before it was captured; 0 until an authorization succeeds. */
export function authorizedMinor(known: Known): bigint {
  const { payment, own } = known.intent;
  // What our own log holds for won, and others know to have been undone.
  const undone = own
    .filter(({ id, kind }) => kind === 'authorization' && statusOf(known, id) === 'reversed')
    .reduce((sum, { id }) => sum + countedIn(payment, id), 0n);
  return max(payment.amounts.authorized - undone, known.projected?.amounts.authorized ?? 0n);
}

/**
 * What is held and neither captured, nor to be captured by what is asked for, nor released. Zero or less: nothing. Where
 * nobody named the amount that was authorized it is what was agreed.
 */
export function leftMinor(known: Known): bigint {
  const { terms } = known.intent;
  const authorized = authorizedMinor(known) || (terms?.amount.minor ?? 0n);
  const { done, open } = movedMinor(known, 'capture');
  const voided = max(known.intent.payment.amounts.voided, known.projected?.amounts.voided ?? 0n);
  return authorized - done - open - voided;
}

/** Did anybody tell of an authorization that succeeded, ours or (in a payment page) one we don't know yet? */
export function isAuthorized(known: Known): boolean {
  const ours = statusOf(known, operations.authorization(known.intent.paymentId));
  return ours === 'succeeded' || authorizedMinor(known) > 0n;
}

function max(...values: readonly bigint[]): bigint {
  return values.reduce((highest, value) => (value > highest ? value : highest), 0n);
}
