import type { Names } from './aliases.js';
import { exposedTwice } from './disputes.js';
import type { Doubt } from './doubt.js';
import { byText, canonical, type StandingFacts } from './fact-set.js';
import type { TermsFact } from './fact.js';
import type { Money } from './money.js';
import { counted } from './operations.js';
import {
  ANOMALIES,
  type Anomaly,
  type AnomalyKind,
  type Operation,
  type Payment,
} from './payment.js';
import type { Releases } from './releases.js';

/** What the predicates look at: the set, never the order in which it came. */
export interface Evidence {
  readonly facts: StandingFacts;
  readonly names: Names;
  readonly locked: string | undefined;
  readonly operations: readonly Operation[];
  readonly disputes: Payment['disputes'];
  readonly amounts: Payment['amounts'];
  readonly releases: Releases;
  readonly doubts: readonly Doubt[];
}

type Abouts = readonly (readonly string[])[];

/** Everything that can't be right, or not yet, in the order of `ANOMALIES`. */
export function anomaliesIn(evidence: Evidence): readonly Anomaly[] {
  const anomalies: Anomaly[] = [];
  for (const kind of ANOMALIES) {
    const abouts = aboutsOf(kind, evidence);
    if (abouts.length === 0) continue; // As nearly always.
    const sorted = abouts.map((about) => [...new Set(about)].sort(byText));
    sorted.sort((a, b) => byText(canonical(a), canonical(b)));
    for (const about of sorted) anomalies.push({ kind, about });
  }
  return anomalies;
}

function aboutsOf(kind: AnomalyKind, evidence: Evidence): Abouts {
  const { operations, amounts } = evidence;
  switch (kind) {
    case 'captured_more_than_authorized':
      // Where no authorization is known, the gateway may have none, or not have told us yet.
      return amounts.authorized > 0n && amounts.captured > amounts.authorized
        ? [countedIds(operations, 'capture')]
        : [];
    case 'refunded_more_than_captured':
      return amounts.refunded > amounts.captured ? [countedIds(operations, 'refund')] : [];
    case 'refunded_and_disputed':
      return refundedAndDisputed(evidence);
    case 'reinstated_more_than_withdrawn':
      return evidence.disputes
        .filter(({ withdrawn, reinstated }) => reinstated > withdrawn)
        .map(({ id }) => [id]);
    case 'captured_and_voided':
      return evidence.releases.clashes;
    case 'other_currency':
      return otherCurrencies(evidence).map((currency) => [currency]);
    case 'two_authorizations':
      return wonTwice(evidence);
    case 'contradicted':
      return contradicted(operations, evidence.disputes);
    case 'alias_with_two_targets':
      return evidence.names.ambiguous;
    case 'possibly_the_same':
      return evidence.doubts.map(({ ours, foreign }) => [...ours, ...foreign]);
    case 'kind_conflict':
      return doubled(operations.map(({ id }) => id)).map((id) => [id]);
    case 'terms_conflict':
      return conflictingTerms(evidence.facts.terms);
  }
}

function contradicted(operations: readonly Operation[], disputes: Evidence['disputes']): Abouts {
  const about = operations.filter(({ status }) => status === 'contradicted').map(({ id }) => [id]);
  for (const { id, outcome } of disputes) if (outcome === 'contradicted') about.push([id]);
  return about;
}

function refundedAndDisputed({ operations, disputes, amounts, locked }: Evidence): Abouts {
  const exposed = exposedTwice(disputes, amounts.captured, amounts.refunded, locked);
  if (exposed.length === 0) return [];
  return [[...exposed.map(({ id }) => id), ...countedIds(operations, 'refund')]];
}

function countedIds(operations: readonly Operation[], kind: Operation['kind']): readonly string[] {
  return operations.filter((one) => one.kind === kind && counted(one) > 0n).map(({ id }) => id);
}

/**
 * Every currency any fact names, asked amounts included, but the locked one. A dispute's fee is charged in the currency
 * that the gateway settles in, whatever was paid.
 */
function otherCurrencies({ facts, locked }: Evidence): readonly string[] {
  const others = new Set<string>();
  const note = (money: Money | undefined): void => {
    if (money !== undefined && money.currency !== locked) others.add(money.currency);
  };
  for (const { amount } of facts.terms) note(amount);
  for (const { amount } of facts.disputes) note(amount);
  for (const { kind, amount, asked } of facts.operations) {
    if (kind === 'dispute_fee') continue;
    note(amount);
    note(asked);
  }
  for (const { value } of facts.totals) note(value);
  return [...others];
}

/** Two authorizations hold or paid the same order; an increment belongs to the one it raises. */
function wonTwice({ operations, releases }: Evidence): Abouts {
  const won = releases.effective.filter((id) => {
    const { parent } =
      operations.find((one) => one.id === id && one.kind === 'authorization') ?? {};
    return !operations.some((one) => one.kind === 'authorization' && one.id === parent);
  });
  return won.length > 1 ? [won] : [];
}

function doubled(ids: readonly string[]): readonly string[] {
  if (new Set(ids).size === ids.length) return [];
  return [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))];
}

/** The same terms under another fact id are no conflict. */
function conflictingTerms(terms: readonly TermsFact[]): Abouts {
  if (terms.length < 2) return [];
  const contents = new Set(
    terms.map(({ id: _id, at: _at, source: _source, ...agreed }) => canonical(agreed)),
  );
  return contents.size > 1 ? [terms.map(({ id }) => id)] : [];
}
