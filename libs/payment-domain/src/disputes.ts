import type { Names } from './aliases.js';
import { byText, type StandingFacts } from './fact-set.js';
import { DISPUTE_OUTCOMES, DISPUTE_STAGES, type DisputeFact } from './fact.js';
import { larger } from './money.js';
import { counted, higher } from './operations.js';
import type { Dispute, DisputeStatus, Operation } from './payment.js';

/** Minor units of one currency that disputes have taken. */
export interface DisputeSums {
  /** Withdrawn and not back, in cases that are not lost: also of one that was won and is still to be reinstated. */
  readonly disputed: bigint;
  /** Withdrawn and not back, in cases that were lost, accepted or prevented. */
  readonly chargedBack: bigint;
  readonly disputeFees: bigint;
}

const NONE: readonly Dispute[] = [];
const NO_DISPUTES: DisputeSums = { disputed: 0n, chargedBack: 0n, disputeFees: 0n };

/**
 * The cases that issuers opened, each with the money it moved. Money that names no case we know makes one of its own,
 * so that nothing taken is outside the amounts: its case is told of later, or never.
 */
export function disputesOf(
  { disputes }: StandingFacts,
  operations: readonly Operation[],
  names: Names,
  locked: string | undefined,
): readonly Dispute[] {
  if (disputes.length === 0 && !operations.some(isDisputeMoney)) return NONE; // As nearly always.
  const cases = new Map<string, DisputeFact[]>();
  for (const fact of disputes) {
    const id = names.rootOf(fact.dispute);
    cases.set(id, [...(cases.get(id) ?? []), fact]);
  }
  const money = operations.filter(isDisputeMoney);
  for (const operation of money) {
    const id = caseOf(operation);
    if (!cases.has(id)) cases.set(id, []);
  }
  return [...cases.keys()]
    .sort(byText)
    .map((id) => disputeIn(id, cases.get(id) ?? [], money, names, locked));
}

function disputeIn(
  id: string,
  facts: readonly DisputeFact[],
  money: readonly Operation[],
  names: Names,
  locked: string | undefined,
): Dispute {
  const status = statusOf(facts);
  const amount = facts.reduce<DisputeFact['amount']>(
    (best, fact) => higher(best, fact.amount, locked),
    undefined,
  );
  const now = facts.filter(
    ({ stage, outcome }) =>
      stage === status?.stage && (outcome === status.outcome || status.outcome === 'contradicted'),
  );
  const reason = (now.find(hasReason) ?? facts.find(hasReason))?.reason;
  const respondBy = now.find((fact) => fact.respondBy !== undefined)?.respondBy;
  const parent = facts.find((fact) => fact.parent !== undefined)?.parent;
  return {
    id,
    ...status,
    ...(amount && { amount: { minor: amount.minor, currency: amount.currency } }),
    ...(reason !== undefined && { reason }),
    ...(respondBy !== undefined && { respondBy }),
    ...(parent !== undefined && { parent: names.rootOf(parent) }),
    ...movedBy(id, money, locked),
  };
}

const hasReason = ({ reason }: DisputeFact): boolean => reason !== undefined;

/** The outcome at the highest stage: what was decided below it is history. */
function statusOf(facts: readonly DisputeFact[]): DisputeStatus | undefined {
  const stage = DISPUTE_STAGES.findLast((each) => facts.some((fact) => fact.stage === each));
  if (stage === undefined) return undefined;
  const told = new Set(facts.filter((fact) => fact.stage === stage).map(({ outcome }) => outcome));
  const contradicted = told.has('won') && [...told].some(isLost);
  const outcome = DISPUTE_OUTCOMES.findLast((each) => told.has(each)) ?? 'opened';
  return { stage, outcome: contradicted ? 'contradicted' : outcome };
}

function movedBy(
  id: string,
  money: readonly Operation[],
  currency: string | undefined,
): Pick<Dispute, 'withdrawn' | 'reinstated' | 'fee'> {
  const sum = (kind: Operation['kind']): bigint =>
    money
      .filter((one) => one.kind === kind && caseOf(one) === id && one.amount?.currency === currency)
      .reduce((total, one) => total + counted(one), 0n);
  return {
    withdrawn: sum('dispute_withdrawal'),
    reinstated: sum('dispute_reinstatement'),
    fee: sum('dispute_fee'),
  };
}

/** What disputes have taken in one currency. A case never gives back more than it took: that is flagged, not counted. */
export function disputeSums(
  disputes: readonly Dispute[],
  operations: readonly Operation[],
  currency: string | undefined,
  locked: string | undefined,
): DisputeSums {
  if (disputes.length === 0) return NO_DISPUTES;
  const money = operations.filter(isDisputeMoney);
  let { disputed, chargedBack, disputeFees } = NO_DISPUTES;
  for (const dispute of disputes) {
    const moved = currency === locked ? dispute : movedBy(dispute.id, money, currency);
    const taken = larger(moved.withdrawn - moved.reinstated, 0n);
    if (isLost(dispute.outcome)) chargedBack += taken;
    else disputed += taken;
    disputeFees += moved.fee;
  }
  return { disputed, chargedBack, disputeFees };
}

/** Lost, or given up: what was withdrawn stays with the shopper. */
function isLost(outcome: Dispute['outcome']): boolean {
  return outcome === 'lost' || outcome === 'accepted' || outcome === 'prevented';
}

/** Nobody has decided it yet, or not as far as we can tell. Money without a case is undecided. */
export function isUndecided({ outcome }: Pick<Dispute, 'outcome'>): boolean {
  return (
    outcome === undefined ||
    outcome === 'opened' ||
    outcome === 'evidence_submitted' ||
    outcome === 'contradicted'
  );
}

/** How the disputes of a payment stand, in a word: an undecided one before a lost one before others, by stage. */
export function disputeStatusOf(disputes: readonly Dispute[]): DisputeStatus | undefined {
  let worst: DisputeStatus | undefined;
  for (const { stage, outcome } of disputes) {
    if (stage === undefined || outcome === undefined) continue;
    const one = { stage, outcome };
    if (worst === undefined || weight(one) > weight(worst)) worst = one;
  }
  return worst;
}

function weight({ stage, outcome }: DisputeStatus): number {
  const outcomes: readonly DisputeStatus['outcome'][] = DISPUTE_OUTCOMES;
  const care = isUndecided({ outcome }) ? 2 : isLost(outcome) ? 1 : 0;
  return care * 100 + DISPUTE_STAGES.indexOf(stage) * 10 + outcomes.indexOf(outcome);
}

/**
 * The shopper may get the same money twice: what was refunded and what disputes took, or may still take, is more than was
 * captured.
 */
export function exposedTwice(
  disputes: readonly Dispute[],
  captured: bigint,
  refunded: bigint,
  locked: string | undefined,
): readonly Dispute[] {
  if (refunded === 0n) return [];
  const risks = disputes.filter((dispute) => atRisk(dispute, locked) > 0n);
  const risked = risks.reduce((sum, dispute) => sum + atRisk(dispute, locked), 0n);
  return refunded + risked > captured ? risks : [];
}

/** What a case has taken, or asks for while it is undecided: the larger of the two. */
function atRisk(dispute: Dispute, locked: string | undefined): bigint {
  const taken = larger(dispute.withdrawn - dispute.reinstated, 0n);
  if (!isUndecided(dispute) || dispute.amount?.currency !== locked) return taken;
  return larger(taken, dispute.amount?.minor ?? 0n);
}

export function isDisputeMoney({ kind }: Pick<Operation, 'kind'>): boolean {
  return (
    kind === 'dispute_withdrawal' || kind === 'dispute_reinstatement' || kind === 'dispute_fee'
  );
}

const caseOf = ({ id, parent }: Operation): string => parent ?? id;
