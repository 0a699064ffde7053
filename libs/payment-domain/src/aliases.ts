import type { AliasFact } from './fact.js';
import { byText } from './fact-set.js';

/** Which id stands for which. */
export interface Names {
  /** Follows aliases to the end: our operation, the payment (for a container), or the id itself. */
  readonly rootOf: (id: string) => string;
  /** Gateway ids that lead to `root`, sorted. */
  readonly aliasesOf: (root: string) => readonly string[];
  /** Aliases that don't lead to exactly one place, each with the ids they were said to be; sorted. */
  readonly ambiguous: readonly (readonly string[])[];
}

type Targets = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * An alias with two targets (or one that leads back to itself) leads nowhere: what is known under it stays a foreign
 * operation, which counts, rather than being merged with the wrong one of ours. Two targets that turn out to be the
 * same operation are no problem.
 */
export function namesOf(aliases: readonly AliasFact[]): Names {
  const targets = targetsOf(aliases);
  const roots = new Map<string, string>();
  const ambiguous: string[][] = [];

  const rootOf = (id: string): string => {
    const known = roots.get(id);
    if (known !== undefined) return known;
    const root = leadsTo(id);
    roots.set(id, root);
    return root;
  };
  const leadsTo = (id: string): string => {
    const next = targets.get(id);
    if (!next || reachable(targets, id).has(id)) return id; // A loop has no end to follow.
    const ends = new Set([...next].map(rootOf));
    const [end] = ends;
    return ends.size === 1 && end !== undefined ? end : id;
  };

  const leadingHere = new Map<string, string[]>();
  for (const alias of [...targets.keys()].sort(byText)) {
    const root = rootOf(alias);
    if (root === alias) ambiguous.push([alias, ...(targets.get(alias) ?? [])].sort(byText));
    else leadingHere.set(root, [...(leadingHere.get(root) ?? []), alias]);
  }
  return { rootOf, aliasesOf: (root) => leadingHere.get(root) ?? [], ambiguous };
}

function targetsOf(aliases: readonly AliasFact[]): Targets {
  const targets = new Map<string, Set<string>>();
  for (const { alias, target } of aliases) {
    if (alias === target) continue;
    targets.set(alias, (targets.get(alias) ?? new Set()).add(target));
  }
  return targets;
}

function reachable(targets: Targets, from: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const target of targets.get(id) ?? []) {
      if (seen.has(target)) continue;
      seen.add(target);
      open.push(target);
    }
  }
  return seen;
}
