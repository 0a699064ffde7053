import type { SettlementLine } from '@paylog/gateways';
import { type Expectation, signedMinor, type Standing } from '../ledger/expectations.js';
import { exactNames, referenceNames } from './names.js';

/** One of our operations, as something a line may claim. */
export interface Candidate extends Expectation {
  readonly paymentId: string;
  /** An earlier statement has claimed it. */
  readonly claimed: boolean;
  /** Of a payment that was found at the gateway and that no order has. */
  readonly unclaimed?: true;
  /** Its open exception `missing_at_psp`, which a match resolves. */
  readonly missedAs?: string;
}

export interface Matching {
  /** Leg A, by line number: each candidate at most once. */
  readonly claims: ReadonlyMap<number, Candidate>;
  /** Lines whose ids mean an operation that another line has claimed. */
  readonly repeated: ReadonlySet<number>;
}

interface Pass {
  readonly names: (line: SettlementLine) => readonly string[];
  readonly sameAmount: boolean;
}

/**
 * The best evidence first, so that no line takes what belongs to another: ids with the amount, ids alone, references with
 * the amount, references alone. Never the amount alone.
 */
const BY_IDS: readonly Pass[] = [
  { names: exactNames, sameAmount: true },
  { names: exactNames, sameAmount: false },
];
const BY_REFERENCE: readonly Pass[] = [
  { names: referenceNames, sameAmount: true },
  { names: referenceNames, sameAmount: false },
];

const STANDINGS: readonly Standing[] = ['due', 'possible', 'not_happened'];

/** Leg A: report lines against our operations. Pure, and the same for the same input in any order of candidates. */
export function match(
  lines: readonly SettlementLine[],
  candidates: readonly Candidate[],
): Matching {
  const sorted = [...candidates].sort(
    (a, b) =>
      STANDINGS.indexOf(a.standing) - STANDINGS.indexOf(b.standing) || byText(keyOf(a), keyOf(b)),
  );
  const index = indexed(sorted);
  const taken = new Set(sorted.filter(({ claimed }) => claimed));
  const claims = new Map<number, Candidate>();
  const run = (passes: readonly Pass[], open: readonly SettlementLine[]) => {
    for (const { names, sameAmount } of passes) {
      for (const line of open) {
        if (claims.has(line.number)) continue;
        const free = named(index, line, names(line)).find(
          (candidate) => !taken.has(candidate) && (!sameAmount || amountsAgree(line, candidate)),
        );
        if (!free) continue;
        taken.add(free);
        claims.set(line.number, free);
      }
    }
  };
  run(BY_IDS, lines);
  // A line that names a claimed operation by its ids repeats it; its references would only lead it to a wrong one.
  const unclaimed = lines.filter(({ number }) => !claims.has(number));
  const meant = (line: SettlementLine) => named(index, line, exactNames(line)).length > 0;
  run(
    BY_REFERENCE,
    unclaimed.filter((line) => !meant(line)),
  );
  return { claims, repeated: new Set(unclaimed.filter(meant).map(({ number }) => number)) };
}

/** What leg A compares: the shopper's side of the line and, in the same currency, the settled side too. */
export function amountsAgree(line: SettlementLine, ours: Expectation): boolean {
  const { customerFacing, gross } = line;
  const minor = signedMinor(ours);
  return (
    customerFacing.currency === ours.amount.currency &&
    customerFacing.minor === minor &&
    (gross.currency !== customerFacing.currency || gross.minor === minor)
  );
}

export function keyOf({ paymentId, operation, kind }: Candidate): string {
  return `${paymentId} ${operation} ${kind}`;
}

function indexed(candidates: readonly Candidate[]): ReadonlyMap<string, readonly Candidate[]> {
  const index = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    for (const name of candidate.names) {
      const key = `${candidate.kind} ${name}`;
      const known = index.get(key);
      if (known) known.push(candidate);
      else index.set(key, [candidate]);
    }
  }
  return index;
}

function named(
  index: ReadonlyMap<string, readonly Candidate[]>,
  { kind }: SettlementLine,
  names: readonly string[],
): readonly Candidate[] {
  return [...new Set(names.flatMap((name) => index.get(`${kind} ${name}`) ?? []))];
}

const byText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
