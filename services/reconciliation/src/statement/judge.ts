import type { EXCEPTION_CLASSES } from '@paylog/contracts';
import type { LineProblem, SettlementLine } from '@paylog/gateways';
import type { Money } from '@paylog/payment-domain';
import { signedMinor } from '../ledger/expectations.js';
import { FOUND_NOTE } from '../ledger/found-exceptions.js';
import { amountsAgree, type Candidate } from './match.js';

export type ExceptionClass = (typeof EXCEPTION_CLASSES)[number];

/** What a gateway account should charge us; without both, fees are booked as they come. */
export interface FeeTerms {
  readonly feeBps?: number;
  readonly feeFixedMinor?: number;
}

/** Why a line does not agree with us. */
export interface Finding {
  readonly class: ExceptionClass;
  readonly expected?: Money | string;
  readonly found?: Money | string;
  readonly note: string;
}

/** Kinds that have no operation of ours: nothing to match, only to book. */
export function needsMatch({ kind }: SettlementLine): boolean {
  return kind !== 'fee' && kind !== 'payout';
}

/** At most one finding a line, the gravest: where the amount is wrong, nobody is helped by hearing of the fee too. */
export function findingOf(
  line: SettlementLine,
  claim: Candidate | undefined,
  repeated: boolean,
  terms: FeeTerms,
): Finding | undefined {
  if (!needsMatch(line)) return undefined;
  if (claim === undefined) return repeated ? duplicate(line) : unknownToUs(line);
  if (claim.unclaimed) return nobodyAsked(line);
  const { amount, standing } = claim;
  const expected = { minor: signedMinor(claim), currency: amount.currency };
  if (standing === 'not_happened') {
    return {
      class: 'status_mismatch',
      expected: 'not_happened',
      found: line.gross,
      note: 'the report has money for an operation that moved none by all we were told',
    };
  }
  if (line.customerFacing.currency !== amount.currency) {
    return {
      class: 'currency_mismatch',
      expected,
      found: line.customerFacing,
      note: 'same operation, another currency',
    };
  }
  if (!amountsAgree(line, claim)) {
    const shownRight = line.customerFacing.minor === expected.minor;
    return {
      class: 'amount_mismatch',
      expected,
      found: shownRight ? line.gross : line.customerFacing,
      note: 'same operation, another amount',
    };
  }
  const fee = expectedFee(line, terms);
  if (fee !== undefined && fee !== line.fee.minor) {
    return {
      class: 'fee_variance',
      expected: { minor: fee, currency: line.fee.currency },
      found: line.fee,
      note: 'the fee is not what the account’s terms make it',
    };
  }
  return undefined;
}

/** By the account's terms, half up; refunds cost nothing. Undefined where there are no terms: also for disputes. */
export function expectedFee(line: SettlementLine, terms: FeeTerms): bigint | undefined {
  if (terms.feeBps === undefined && terms.feeFixedMinor === undefined) return undefined;
  if (line.kind === 'dispute_withdrawal' || line.kind === 'dispute_reinstatement') return undefined;
  if (line.kind !== 'capture') return 0n;
  const share = (line.gross.minor * BigInt(terms.feeBps ?? 0) + 5_000n) / 10_000n;
  return share + BigInt(terms.feeFixedMinor ?? 0);
}

/** A row that can't be read or isn't mapped: its statement may not close. */
export function problemFinding(problem: LineProblem): Finding {
  const { reason, column, found } = problem;
  const where = column === undefined ? '' : ` in ${column}`;
  return {
    class: 'unknown_type',
    ...(found !== undefined && found !== '' && { found: found.slice(0, 128) }),
    note: `row ${problem.number} of the report: ${reason}${where}; the statement stays open until it is mapped`,
  };
}

function duplicate(line: SettlementLine): Finding {
  return {
    class: 'duplicate_external',
    found: line.gross,
    note: 'another line has claimed this operation',
  };
}

function nobodyAsked(line: SettlementLine): Finding {
  return { class: 'missing_internal', found: line.gross, note: FOUND_NOTE };
}

function unknownToUs(line: SettlementLine): Finding {
  return {
    class: 'missing_internal',
    found: line.gross,
    note: `no operation of ours is named by this ${line.category} line`,
  };
}
