import type { SettlementLine } from '@paylog/gateways';
import type { Money } from '@paylog/payment-domain';
import {
  disputeFee,
  disputeHeld,
  fxClearing,
  gatewayFee,
  inTransit,
  receivable,
  suspense,
} from '../ledger/accounts.js';
import { type Booking, dayOf, movesMoney } from '../ledger/entry.js';
import { signedMinor } from '../ledger/expectations.js';
import { expectedFee, type FeeTerms, type Finding } from './judge.js';
import type { Candidate } from './match.js';

export interface BookingContext {
  readonly account: string;
  readonly statementId: string;
  readonly bookedOn: string;
  readonly terms: FeeTerms;
}

/**
 * What a line adds to the books. Our own events have posted what we know of it (`ours`); the line brings the receivable
 * to what the gateway really settles, so that the payout empties it. Every difference goes to suspense, where it stands
 * until its exception is resolved; no cent is dropped and none is made up.
 */
export function bookingsOfLine(
  line: SettlementLine,
  claim: Candidate | undefined,
  finding: Finding | undefined,
  context: BookingContext,
): readonly Booking[] {
  const { account } = context;
  const { gross, fee, net, customerFacing } = line;
  const changes = new Changes();
  const debit = (name: string, money: Money) => changes.add(name, money.currency, money.minor);
  const credit = (name: string, money: Money) => changes.add(name, money.currency, -money.minor);

  const ours = claim && claim.standing !== 'not_happened' ? oursOf(claim) : undefined;
  debit(receivable(account), net);
  if (ours === undefined) {
    credit(counterpart(line, account), gross);
  } else if (ours.currency === gross.currency && ours.currency === customerFacing.currency) {
    credit(receivable(account), ours);
    debit(suspense(account), ours);
    credit(suspense(account), gross);
  } else {
    credit(receivable(account), ours);
    const sameSide = ours.currency === customerFacing.currency;
    debit(sameSide ? fxClearing(account) : suspense(account), sameSide ? customerFacing : ours);
    credit(sameSide ? fxClearing(account) : suspense(account), gross);
    if (sameSide) {
      debit(suspense(account), ours);
      credit(suspense(account), customerFacing);
    }
  }
  const agreed = finding?.class === 'fee_variance' ? expectedFee(line, context.terms) : undefined;
  const booked = { ...fee, minor: agreed ?? fee.minor };
  debit(feeAccount(line, account), booked);
  debit(suspense(account), { ...fee, minor: fee.minor - booked.minor });

  return changes.bookings({
    reason: finding?.class ?? `settled_${line.kind}`,
    causedBy: line.balanceTransaction,
    valueDate: dayOf(line.createdAt),
    bookedOn: context.bookedOn,
    statementId: context.statementId,
    ...(claim && { paymentId: claim.paymentId }),
  });
}

/** The payout itself, from the receivable to what is on its way to the bank. */
export function bookingsOfPayout(
  payout: { readonly statement: string; readonly amount: Money; readonly createdAt: string },
  { account, statementId, bookedOn }: BookingContext,
): readonly Booking[] {
  const changes = new Changes();
  const { minor, currency } = payout.amount;
  changes.add(inTransit(account), currency, minor);
  changes.add(receivable(account), currency, -minor);
  const valueDate = dayOf(payout.createdAt);
  return changes.bookings({
    reason: 'paid_out',
    causedBy: payout.statement,
    valueDate,
    bookedOn,
    statementId,
  });
}

function oursOf(claim: Candidate): Money {
  return { minor: signedMinor(claim), currency: claim.amount.currency };
}

/** Where money goes that none of our operations explains. */
function counterpart({ kind }: SettlementLine, account: string): string {
  switch (kind) {
    case 'fee':
      return gatewayFee(account);
    case 'dispute_withdrawal':
    case 'dispute_reinstatement':
      return disputeHeld(account);
    case 'capture':
    case 'capture_reversal':
    case 'refund':
    case 'refund_reversal':
    case 'participant_payout':
    case 'participant_payout_reversal':
    case 'adjustment':
    case 'payout':
      return suspense(account);
  }
}

function feeAccount({ kind }: SettlementLine, account: string): string {
  const ofDispute = kind === 'dispute_withdrawal' || kind === 'dispute_reinstatement';
  return ofDispute ? disputeFee(account) : gatewayFee(account);
}

/** Changes by currency and account, debits positive. */
class Changes {
  readonly #sums = new Map<string, Record<string, bigint>>();

  add(account: string, currency: string, minor: bigint): void {
    const sums = this.#sums.get(currency) ?? {};
    sums[account] = (sums[account] ?? 0n) + minor;
    this.#sums.set(currency, sums);
  }

  bookings(head: Omit<Booking, 'currency' | 'changes'>): readonly Booking[] {
    return [...this.#sums]
      .map(([currency, changes]) => ({ ...head, currency, changes }))
      .filter(movesMoney);
  }
}
