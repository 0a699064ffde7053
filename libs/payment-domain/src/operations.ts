import type { Names } from './aliases.js';
import { byText, type StandingFacts } from './fact-set.js';
import { KINDS, OUTCOMES, type Kind, type OperationFact, type Outcome } from './fact.js';
import type { Money } from './money.js';
import type { Operation, OperationStatus } from './payment.js';

/** An operation with the outcomes behind its status, which the rules about money need. */
export interface Seen {
  readonly operation: Operation;
  readonly outcomes: ReadonlySet<Outcome>;
}

/**
 * The facts of one operation, under whichever of its ids they came. The kind is part of the identity: should one id
 * ever come with two kinds, both count, and `kind_conflict` says so.
 */
export function operationsOf(
  facts: StandingFacts,
  names: Names,
  locked: string | undefined,
): readonly Seen[] {
  const groups = new Map<string, OperationFact[]>();
  for (const fact of facts.operations) {
    const key = `${fact.kind} ${names.rootOf(fact.operation)}`;
    const group = groups.get(key);
    if (group) group.push(fact);
    else groups.set(key, [fact]);
  }
  return [...groups.values()]
    .map((group) => seenIn(group, names, locked))
    .sort((a, b) => byIdAndKind(a.operation, b.operation));
}

/** Order of `Payment.operations`. */
export function byIdAndKind(a: Operation, b: Operation): number {
  return byText(a.id, b.id) || KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind);
}

function seenIn(group: readonly OperationFact[], names: Names, locked: string | undefined): Seen {
  const [first] = group as [OperationFact, ...OperationFact[]];
  const id = names.rootOf(first.operation);
  const status = statusOf(group);
  const amount = amountOf(group, status, locked);
  let asked: Money | undefined;
  for (const fact of group) asked = higher(asked, fact.asked, locked);
  const reason = group.find((fact) => fact.reason && tellsReason(status, fact.outcome))?.reason;
  const parent = group.find((fact) => fact.parent !== undefined)?.parent;
  const participant = group.find((fact) => fact.participant !== undefined)?.participant;
  const operation: { -readonly [K in keyof Operation]: Operation[K] } = {
    id,
    kind: first.kind,
    status,
    foreign: !group.some(isOurs),
    aliases: names.aliasesOf(id),
  };
  if (asked) operation.asked = { minor: asked.minor, currency: asked.currency };
  if (amount) operation.amount = { minor: amount.minor, currency: amount.currency };
  if (reason !== undefined) operation.reason = reason;
  if (parent !== undefined) operation.parent = names.rootOf(parent);
  if (participant !== undefined) operation.participant = participant;
  return { operation, outcomes: new Set(group.map((fact) => fact.outcome)) };
}

/** Only our own asking and our own numbered calls make an operation ours; a gateway tells of others' too. */
function isOurs(fact: OperationFact): boolean {
  return fact.outcome === 'requested' || fact.source === 'request' || fact.call !== undefined;
}

/**
 * The status is a function of the set of outcomes: the highest in rank. `not_attempted` takes `requested` and `unknown`
 * of its own call out first. Refused and succeeded at once contradict each other, unless a reversal explains both.
 */
export function statusOf(facts: readonly OperationFact[]): OperationStatus {
  const never = facts.filter((fact) => fact.outcome === 'not_attempted');
  const outcomes = new Set<Outcome>();
  for (const { outcome, call } of facts) {
    const asking = outcome === 'requested' || outcome === 'unknown';
    if (!(asking && never.some((fact) => fact.call === call))) outcomes.add(outcome);
  }
  if (outcomes.has('reversed')) return 'reversed';
  if (outcomes.has('refused') && outcomes.has('succeeded')) return 'contradicted';
  return OUTCOMES.findLast((outcome) => outcomes.has(outcome)) ?? 'not_attempted';
}

/**
 * A report's amount counts only where nobody else tells one: a wrong one must stay a difference between the report and
 * the payment, whichever of the two we hear first, and not become the payment's own.
 */
function amountOf(
  group: readonly OperationFact[],
  status: OperationStatus,
  locked: string | undefined,
): Money | undefined {
  let amount: Money | undefined;
  let reported: Money | undefined;
  for (const fact of group) {
    if (!tellsAmount(status, fact.outcome)) continue;
    if (fact.source === 'settlement') reported = higher(reported, fact.amount, locked);
    else amount = higher(amount, fact.amount, locked);
  }
  return amount ?? reported;
}

/** A reversal undoes what had succeeded, so what it names and what the success named both tell its amount. */
function tellsAmount(status: OperationStatus, outcome: Outcome): boolean {
  return outcome === status || (status === 'reversed' && outcome === 'succeeded');
}

function tellsReason(status: OperationStatus, outcome: Outcome): boolean {
  return outcome === status || (status === 'contradicted' && outcome === 'refused');
}

/** The higher one in the locked currency, else in the first currency by name. Negative amounts name nothing. */
export function higher(
  best: Money | undefined,
  amount: Money | undefined,
  locked: string | undefined,
): Money | undefined {
  if (!amount || amount.minor < 0n) return best;
  return !best || outranks(amount, best, locked) ? amount : best;
}

function outranks(a: Money, b: Money, locked: string | undefined): boolean {
  if (a.currency === b.currency) return a.minor > b.minor;
  return a.currency === locked || (b.currency !== locked && a.currency < b.currency);
}

/** Does this kind of operation move or hold money at the gateway? */
export function movesMoney(kind: Kind): boolean {
  switch (kind) {
    case 'authorization':
    case 'capture':
    case 'void':
    case 'refund':
    case 'dispute_withdrawal':
    case 'dispute_reinstatement':
    case 'dispute_fee':
    case 'participant_payout':
    case 'participant_payout_reversal':
      return true;
    case 'session':
    case 'hold':
      return false;
  }
}

/** What an operation adds to the amounts of its kind, in the currency of its amount. */
export function counted(operation: Operation): bigint {
  if (operation.status !== 'succeeded' || !movesMoney(operation.kind)) return 0n;
  return operation.amount?.minor ?? 0n;
}

/** Operations that add to the amounts, of one kind and currency. */
export function countedSum(
  operations: readonly Operation[],
  kind: Kind,
  currency: string | undefined,
): bigint {
  let sum = 0n;
  for (const operation of operations) {
    if (operation.kind === kind && operation.amount?.currency === currency)
      sum += counted(operation);
  }
  return sum;
}
