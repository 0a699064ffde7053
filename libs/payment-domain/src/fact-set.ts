import type {
  AdoptionFact,
  AliasFact,
  DisputeFact,
  Fact,
  OperationFact,
  OriginFact,
  TermsFact,
  TotalFact,
} from './fact.js';

/** Facts by id: it only grows. Build it with `empty`, `add`, `addAll` and `merge`; read it with `paymentOf`. */
export interface FactSet {
  readonly byId: ReadonlyMap<string, Fact>;
}

const NOTHING: FactSet = { byId: new Map() };

/** The set without facts. */
export function empty(): FactSet {
  return NOTHING;
}

/** The set with one more fact; the very same set when it has the fact already. */
export function add(set: FactSet, fact: Fact): FactSet {
  return addAll(set, [fact]);
}

/** The set with more facts, copied once; the very same set when none of them is new. */
export function addAll(set: FactSet, facts: Iterable<Fact>): FactSet {
  let grown: Map<string, Fact> | undefined;
  for (const fact of facts) {
    const known = (grown ?? set.byId).get(fact.id);
    const kept = known === undefined ? fact : oneOf(known, fact);
    if (kept === known) continue;
    grown ??= new Map(set.byId);
    grown.set(fact.id, kept);
  }
  return grown ? { byId: grown } : set;
}

/** Union of two sets, whatever the order they are named in. */
export function merge(a: FactSet, b: FactSet): FactSet {
  return addAll(a, b.byId.values());
}

/**
 * Two contents under one id should not happen: the log refuses the second. If it does, the choice must not depend on
 * which came first, so the smaller in canonical form stays.
 */
function oneOf(known: Fact, other: Fact): Fact {
  if (known === other) return known;
  return canonical(other) < canonical(known) ? other : known;
}

/** One text per content: keys sorted, absent and undefined alike, bigints marked. */
export function canonical(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const entries = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => byText(a, b))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`);
  return `{${entries.join(',')}}`;
}

/** Order by code units: the same on every machine, unlike a locale's. */
export function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** What counts: added and not retracted, each list in order of fact ids. */
export interface StandingFacts {
  readonly terms: readonly TermsFact[];
  readonly operations: readonly OperationFact[];
  readonly disputes: readonly DisputeFact[];
  readonly aliases: readonly AliasFact[];
  readonly totals: readonly TotalFact[];
  readonly origins: readonly OriginFact[];
  readonly adoptions: readonly AdoptionFact[];
}

/**
 * A retraction wins for ever, before its target arrives too. It has no effect on another retraction: otherwise two
 * could take each other back and the outcome would hang on who asks.
 */
export function standing(set: FactSet): StandingFacts {
  const retracted = new Set<string>();
  for (const fact of set.byId.values())
    if (fact.type === 'retraction') retracted.add(fact.retracts);

  const terms: TermsFact[] = [];
  const operations: OperationFact[] = [];
  const disputes: DisputeFact[] = [];
  const aliases: AliasFact[] = [];
  const totals: TotalFact[] = [];
  const origins: OriginFact[] = [];
  const adoptions: AdoptionFact[] = [];
  for (const fact of [...set.byId.values()].sort((a, b) => byText(a.id, b.id))) {
    if (retracted.has(fact.id)) continue;
    switch (fact.type) {
      case 'terms':
        terms.push(fact);
        break;
      case 'operation':
        operations.push(fact);
        break;
      case 'dispute':
        disputes.push(fact);
        break;
      case 'alias':
        aliases.push(fact);
        break;
      case 'total':
        totals.push(fact);
        break;
      case 'origin':
        origins.push(fact);
        break;
      case 'adoption':
        adoptions.push(fact);
        break;
      case 'retraction':
        break;
    }
  }
  return { terms, operations, disputes, aliases, totals, origins, adoptions };
}
