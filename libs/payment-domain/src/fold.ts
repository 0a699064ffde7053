import { namesOf } from './aliases.js';
import { anomaliesIn } from './anomalies.js';
import { foreignCaptures } from './captures.js';
import { containerEnd } from './container.js';
import { disputesOf, disputeStatusOf, disputeSums } from './disputes.js';
import { doubtsIn, type Doubt } from './doubt.js';
import { addAll, byText, empty, standing, type FactSet, type StandingFacts } from './fact-set.js';
import type { Fact } from './fact.js';
import { isClosed, isFinal, labelOf } from './label.js';
import { larger } from './money.js';
import { adoptionsOf, originOf } from './origin.js';
import { byIdAndKind, counted, countedSum, operationsOf, type Seen } from './operations.js';
import type { Dispute, Operation, Payment } from './payment.js';
import { GATEWAY_RELEASE, releasesOf, type Releases } from './releases.js';

/** The state of a payment from all its facts, in any order and however often each. */
export function fold(facts: Iterable<Fact>): Payment {
  return paymentOf(addAll(empty(), facts));
}

/** The state that a set of facts stands for. */
export function paymentOf(set: FactSet): Payment {
  const facts = standing(set);
  const names = namesOf(facts.aliases);
  const locked = lockedCurrency(facts);
  const seen = operationsOf(facts, names, locked);
  const reported = seen.map(({ operation }) => operation);
  const beyond = foreignCaptures(reported, facts.totals, names, locked);
  const captures = [...reported.filter(({ kind }) => kind === 'capture'), ...beyond];
  const end = containerEnd(seen, captures);
  const releases = releasesOf(seen, captures, locked, end);
  const operations = [...withReleases(reported, releases, locked), ...beyond].sort(byIdAndKind);
  const disputes = disputesOf(facts, operations, names, locked);
  const { disputed, chargedBack, disputeFees } = disputeSums(disputes, operations, locked, locked);
  const amounts = {
    authorized: countedSum(operations, 'authorization', locked),
    captured: countedSum(operations, 'capture', locked),
    refunded: countedSum(operations, 'refund', locked),
    voided: countedSum(operations, 'void', locked),
    disputed,
    chargedBack,
    disputeFees,
  };
  const view = { operations, amounts, disputes, releases, end };
  const doubts = doubtsIn(operations);
  const held = isHeld(seen);
  const closed = isClosed(view);
  const unresolved = unresolvedIn(operations, doubts);
  const payment: Payment = {
    amounts,
    otherCurrencies: otherCurrencies(operations, disputes, locked),
    label: labelOf(view, closed),
    final: isFinal(view, closed, held, unresolved),
    unresolved,
    held,
    closed,
    operations,
    disputes,
    anomalies: anomaliesIn({
      facts,
      names,
      locked,
      operations,
      disputes,
      amounts,
      releases,
      doubts,
    }),
  };
  return withOptional(payment, facts, locked, disputeStatusOf(disputes));
}

/** Set afterwards: spreading what is mostly there into a new object took a fifth of the fold. */
function withOptional(
  payment: { -readonly [K in keyof Payment]: Payment[K] },
  facts: StandingFacts,
  currency: string | undefined,
  disputeStatus: Payment['disputeStatus'],
): Payment {
  const terms = termsOf(facts);
  const origin = originOf(facts);
  const adoptions = adoptionsOf(facts);
  if (terms !== undefined) payment.terms = terms;
  if (origin !== undefined) payment.origin = origin;
  if (adoptions !== undefined) payment.adoptions = adoptions;
  if (disputeStatus !== undefined) payment.disputeStatus = disputeStatus;
  if (currency !== undefined) payment.currency = currency;
  return payment;
}

/** What is authorized, not captured and not released, in minor units of the locked currency. */
export function leftToCapture({ amounts }: Payment): bigint {
  return larger(amounts.authorized - amounts.captured, 0n) - amounts.voided;
}

/** That of the terms, else of the first fact by id that names one, so that every order locks the same. */
function lockedCurrency(facts: StandingFacts): string | undefined {
  const { terms, operations, disputes, totals } = facts;
  if (terms[0]) return terms[0].amount.currency;
  const naming = [
    ...disputes.map((fact) => ({ id: fact.id, money: fact.amount })),
    ...operations.map((fact) => ({ id: fact.id, money: fact.amount ?? fact.asked })),
    ...totals.map((fact) => ({ id: fact.id, money: fact.value })),
  ].filter(({ money }) => money !== undefined);
  return naming.sort((a, b) => byText(a.id, b.id))[0]?.money?.currency;
}

type Terms = NonNullable<Payment['terms']>;

/** Should two terms ever be recorded, those of the smaller fact id hold, and `terms_conflict` says so. */
function termsOf({ terms }: StandingFacts): Payment['terms'] {
  if (!terms[0]) return undefined;
  const { mode, storefront, orderId, attempt, amount, captureMode, account, gateway } = terms[0];
  const { splits, shipping } = terms[0];
  const agreed: { -readonly [K in keyof Terms]: Terms[K] } = {
    mode,
    storefront,
    orderId,
    attempt,
    amount,
    captureMode,
    account,
    gateway,
  };
  if (splits !== undefined) agreed.splits = splits;
  if (shipping !== undefined) agreed.shipping = shipping;
  return agreed;
}

/** A succeeded void carries what it releases; what the gateway released by itself is a void of its own. */
function withReleases(
  operations: readonly Operation[],
  releases: Releases,
  locked: string | undefined,
): readonly Operation[] {
  if (locked === undefined) return operations;
  const carrying = operations.map((operation) => {
    const minor = operation.kind === 'void' ? releases.byVoid.get(operation.id) : undefined;
    return minor === undefined ? operation : { ...operation, amount: { minor, currency: locked } };
  });
  const minor = releases.expired + releases.ended;
  if (minor === 0n) return carrying;
  const byGateway: Operation = {
    id: GATEWAY_RELEASE,
    kind: 'void',
    status: 'succeeded',
    amount: { minor, currency: locked },
    reason: releases.expired > 0n ? 'expired' : 'ended',
    foreign: true,
    aliases: [],
  };
  return [...carrying, byGateway];
}

/** A hold is over when it is canceled, whatever else is said of it: the next one has an id of its own. */
function isHeld(seen: readonly Seen[]): boolean {
  return seen.some(({ operation: { kind, status }, outcomes }) => {
    if (kind !== 'hold' || outcomes.has('canceled')) return false;
    return status !== 'not_attempted' && status !== 'refused' && status !== 'expired';
  });
}

function unresolvedIn(
  operations: readonly Operation[],
  doubts: readonly Doubt[],
): readonly string[] {
  const unsure = operations
    .filter(({ status }) => status === 'unknown' || status === 'contradicted')
    .map(({ id }) => id);
  if (unsure.length === 0 && doubts.length === 0) return unsure;
  return [...new Set([...unsure, ...doubts.flatMap(({ ours }) => ours)])].sort(byText);
}

function otherCurrencies(
  operations: readonly Operation[],
  disputes: readonly Dispute[],
  locked: string | undefined,
): Payment['otherCurrencies'] {
  const others = new Set<string>();
  for (const operation of operations) {
    const { amount, kind } = operation;
    if (!amount || amount.currency === locked || kind === 'void') continue;
    if (counted(operation) > 0n) others.add(amount.currency);
  }
  if (others.size === 0) return {};
  return Object.fromEntries(
    [...others].sort(byText).map((currency) => [
      currency,
      {
        authorized: countedSum(operations, 'authorization', currency),
        captured: countedSum(operations, 'capture', currency),
        refunded: countedSum(operations, 'refund', currency),
        ...disputeSums(disputes, operations, currency, locked),
      },
    ]),
  );
}
