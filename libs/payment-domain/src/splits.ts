import { byText } from './fact-set.js';
import { larger, smaller } from './money.js';
import { countedSum } from './operations.js';
import type { Operation, Payment } from './payment.js';

/** How much: exactly one of the two. */
export interface ShareSize {
  /** Minor units of the agreed amount, more than zero. Of a part of it, that part of them. */
  readonly minor?: bigint;
  /** Hundredths of a percent of what is captured (of what the platform's fee leaves of it), 1 to 10,000. */
  readonly basisPoints?: number;
}

export interface ParticipantShare extends ShareSize {
  readonly participant: string;
}

/**
 * Who bears what goes back to the shopper, refunds and lost disputes alike. proportional: everybody by what they have.
 * platform_first: the storefront and the platform's fee, and the participants what is beyond. participant_first: the one
 * named, and everybody else what is beyond.
 */
export const REFUND_RULES = ['proportional', 'platform_first', 'participant_first'] as const;
export interface RefundRule {
  readonly rule: (typeof REFUND_RULES)[number];
  /** Of `participant_first`. */
  readonly participant?: string;
}

/** Agreed with the terms: who shares in what is captured. What nobody has is the storefront's. */
export interface Splits {
  readonly participants: readonly ParticipantShare[];
  /** Kept by the platform, and taken off first: percentages are of what it leaves. */
  readonly platformFee?: ShareSize;
  readonly refunds: RefundRule;
}

export type SharedBy = 'participant' | 'platform_fee' | 'storefront';

/** What one party has in a payment, in minor units of one currency. */
export interface Share {
  readonly by: SharedBy;
  /** Of a participant. */
  readonly participant?: string;
  readonly captured: bigint;
  readonly refunded: bigint;
  /** Taken by disputes for good. */
  readonly chargedBack: bigint;
  /** Taken by disputes that are undecided: theirs still, but not to be passed on. */
  readonly disputed: bigint;
  /** Passed on and not taken back. */
  readonly paidOut: bigint;
}

const BASIS = 10_000n;

/**
 * What everybody has in a payment: participants as agreed, then (by name) those that were paid without being agreed,
 * then the platform's fee where there is one, then the storefront. A function of the state, so that parts never drift:
 * each column is apportioned as a whole, by largest remainder, and adds up to the payment's own amount. What to post or
 * to pay is the difference to what was. In another currency than the locked one nothing was agreed.
 */
export function sharesOf(payment: Payment, currency = payment.currency): readonly Share[] {
  const sums =
    currency === payment.currency ? payment.amounts : payment.otherCurrencies[currency ?? ''];
  const { captured = 0n, refunded = 0n, chargedBack = 0n, disputed = 0n } = sums ?? {};
  const splits = currency === payment.currency ? agreedIn(payment) : undefined;
  const parties = partiesOf(splits, payment, currency);
  const agreed = payment.terms?.amount.minor ?? 0n;
  const taken = apportion(captured, exactShares(parties, captured, agreed));
  const given = { refunded, chargedBack, disputed };
  const back = backTo(parties, taken, given, splits?.refunds ?? { rule: 'proportional' });
  return parties.map(({ by, participant }, i) => ({
    by,
    ...(participant !== undefined && { participant }),
    captured: taken[i] ?? 0n,
    refunded: back.refunded[i] ?? 0n,
    chargedBack: back.chargedBack[i] ?? 0n,
    disputed: back.disputed[i] ?? 0n,
    paidOut: paidOut(payment.operations, currency, by, participant),
  }));
}

/** What is theirs after all that went back for good, passed on or not. */
export function netOf({ captured, refunded, chargedBack }: Share): bigint {
  return captured - refunded - chargedBack;
}

/** Theirs and not passed on. Below zero: paid more than is theirs by now. */
export function owedTo(share: Share): bigint {
  return netOf(share) - share.paidOut;
}

interface Party extends ShareSize {
  readonly by: SharedBy;
  readonly participant?: string;
}

/** Splits that don't fit their amount are nobody's agreement: then the storefront has it all. */
function agreedIn({ terms }: Payment): Splits | undefined {
  if (terms?.splits === undefined) return undefined;
  return splitsFlaw(terms.splits, terms.amount.minor) === undefined ? terms.splits : undefined;
}

function partiesOf(
  splits: Splits | undefined,
  { operations }: Payment,
  currency: string | undefined,
): readonly Party[] {
  const agreed = (splits?.participants ?? []).map((each): Party => ({
    by: 'participant',
    ...each,
  }));
  const paid = operations.flatMap(({ participant, amount }) =>
    participant !== undefined && amount?.currency === currency ? [participant] : [],
  );
  const others = [...new Set(paid)]
    .filter((name) => agreed.every(({ participant }) => participant !== name))
    .sort(byText)
    .map((participant): Party => ({ by: 'participant', participant }));
  const fee: Party[] = splits?.platformFee ? [{ by: 'platform_fee', ...splits.platformFee }] : [];
  return [...agreed, ...others, ...fee, { by: 'storefront' }];
}

/**
 * What each would have if money had no smallest unit, over a denominator that all share: fixed shares grow with what is
 * captured up to the agreed amount, percentages with all of it, and the storefront has what is left.
 */
function exactShares(parties: readonly Party[], captured: bigint, agreed: bigint): bigint[] {
  const whole = BASIS * BASIS * larger(agreed, 1n);
  const ofAgreed = (minor: bigint) => minor * smaller(captured, agreed) * BASIS * BASIS;
  const fee = parties.find(({ by }) => by === 'platform_fee');
  const sizeOf = ({ minor, basisPoints }: ShareSize, of: bigint): bigint =>
    minor === undefined ? (of / BASIS) * BigInt(basisPoints ?? 0) : ofAgreed(minor);
  const kept = fee ? sizeOf(fee, captured * whole) : 0n;
  const left = captured * whole - kept;
  const shares = parties.map((party) => {
    if (party.by === 'storefront') return 0n;
    return party.by === 'platform_fee' ? kept : sizeOf(party, left);
  });
  const rest = shares.reduce((sum, share) => sum - share, captured * whole);
  return shares.map((share, i) => (parties[i]?.by === 'storefront' ? rest : share));
}

/**
 * An amount by weights, to the last unit: everybody the whole units of their part, and those with the largest remainders
 * one more, the earlier before the later. Nobody gets more than their part rounded up. Without weights the last has it.
 */
export function apportion(amount: bigint, weights: readonly bigint[]): bigint[] {
  const sum = weights.reduce((total, weight) => total + weight, 0n);
  if (sum === 0n) return weights.map((_, i) => (i === weights.length - 1 ? amount : 0n));
  const parts = weights.map((weight) => (amount * weight) / sum);
  let missing = parts.reduce((rest, part) => rest - part, amount);
  const remainder = (i: number): bigint => (amount * (weights[i] ?? 0n)) % sum;
  const inOrder = weights.map((_, i) => i);
  inOrder.sort((a, b) => Number(remainder(b) > remainder(a)) - Number(remainder(b) < remainder(a)));
  for (const i of inOrder) {
    if (missing === 0n) break;
    parts[i] = (parts[i] ?? 0n) + 1n;
    missing -= 1n;
  }
  return parts;
}

type Back = Record<'refunded' | 'chargedBack' | 'disputed', bigint[]>;

/** One after the other, each from what the one before left, so that nobody gives back more than they have. */
function backTo(
  parties: readonly Party[],
  taken: readonly bigint[],
  given: Record<keyof Back, bigint>,
  rule: RefundRule,
): Back {
  const tiers = tiersOf(parties, rule);
  const refunded = giveBack(given.refunded, taken, tiers);
  const kept = taken.map((had, i) => had - (refunded[i] ?? 0n));
  const chargedBack = giveBack(given.chargedBack, kept, tiers);
  const free = kept.map((had, i) => had - (chargedBack[i] ?? 0n));
  return { refunded, chargedBack, disputed: giveBack(given.disputed, free, tiers) };
}

/** Who gives first, and who what is beyond; indexes of the parties. */
function tiersOf(parties: readonly Party[], { rule, participant }: RefundRule): number[][] {
  const all = parties.map((_, i) => i);
  const first = all.filter((i) => {
    const party = parties[i];
    if (rule === 'platform_first') return party?.by !== 'participant';
    if (rule === 'participant_first') return party?.participant === participant;
    return true;
  });
  return [first, all.filter((i) => !first.includes(i))];
}

/** What is given back beyond all that anybody has is the storefront's loss. */
function giveBack(
  amount: bigint,
  had: readonly bigint[],
  tiers: readonly (readonly number[])[],
): bigint[] {
  const back = had.map(() => 0n);
  let rest = amount;
  for (const tier of tiers) {
    const weights = tier.map((i) => larger(had[i] ?? 0n, 0n));
    const most = weights.reduce((sum, weight) => sum + weight, 0n);
    const now = smaller(rest, most);
    apportion(now, weights).forEach((part, place) => {
      back[tier[place] ?? 0] = part;
    });
    rest -= now;
  }
  const storefront = had.length - 1;
  back[storefront] = (back[storefront] ?? 0n) + rest;
  return back;
}

/** A payout that names nobody is the storefront's. */
function paidOut(
  operations: readonly Operation[],
  currency: string | undefined,
  by: SharedBy,
  name: string | undefined,
): bigint {
  if (by === 'platform_fee') return 0n;
  const theirs = operations.filter(({ participant }) => participant === name);
  return (
    countedSum(theirs, 'participant_payout', currency) -
    countedSum(theirs, 'participant_payout_reversal', currency)
  );
}

/** What is wrong with splits, and where: of participant `index`, else of the fee or the rule. */
export interface SplitsFlaw {
  readonly at: 'participants' | 'platformFee' | 'refunds';
  readonly index?: number;
  readonly reason: 'no_size' | 'participant_repeated' | 'participant_unknown' | 'exceed_amount';
}

/** Do these splits fit the amount that they are about? The first flaw, in the order of the participants. */
export function splitsFlaw(splits: Splits, amount: bigint): SplitsFlaw | undefined {
  const { participants, platformFee, refunds } = splits;
  if (platformFee && !hasSize(platformFee)) return { at: 'platformFee', reason: 'no_size' };
  if (exceeds([], platformFee, amount)) return { at: 'platformFee', reason: 'exceed_amount' };
  for (const [index, share] of participants.entries()) {
    const at = 'participants';
    const before = participants.slice(0, index);
    if (!hasSize(share)) return { at, index, reason: 'no_size' };
    if (before.some(({ participant }) => participant === share.participant)) {
      return { at, index, reason: 'participant_repeated' };
    }
    if (exceeds([...before, share], platformFee, amount)) {
      return { at, index, reason: 'exceed_amount' };
    }
  }
  return ruleFits(refunds, participants)
    ? undefined
    : { at: 'refunds', reason: 'participant_unknown' };
}

function hasSize({ minor, basisPoints }: ShareSize): boolean {
  if (minor !== undefined) return basisPoints === undefined && minor > 0n;
  const percent = basisPoints ?? 0;
  return Number.isInteger(percent) && percent >= 1 && percent <= Number(BASIS);
}

/** Fixed shares and percentages together, of the whole amount, to the fraction of a unit. */
function exceeds(
  participants: readonly ParticipantShare[],
  fee: ShareSize | undefined,
  amount: bigint,
): boolean {
  const percent = participants.reduce((sum, { basisPoints }) => sum + (basisPoints ?? 0), 0);
  const parties: Party[] = [
    ...participants.map((each): Party => ({ by: 'participant', ...each })),
    ...(fee ? [{ by: 'platform_fee' as const, ...fee }] : []),
    { by: 'storefront' },
  ];
  const [rest = 0n] = exactShares(parties, amount, amount).slice(-1);
  return amount <= 0n || percent > Number(BASIS) || rest < 0n;
}

function ruleFits({ rule, participant }: RefundRule, among: Splits['participants']): boolean {
  if (rule !== 'participant_first') return participant === undefined;
  return among.some((each) => each.participant === participant);
}
