import type { Money } from '@paylog/payment-domain';

/** What a line means for the journal, whatever the gateway calls it. */
export const LINE_KINDS = [
  'capture',
  'capture_reversal',
  'refund',
  'refund_reversal',
  'dispute_withdrawal',
  'dispute_reinstatement',
  'participant_payout',
  'participant_payout_reversal',
  'adjustment',
  'fee',
  'payout',
] as const;
export type LineKind = (typeof LINE_KINDS)[number];

/** One line of a settlement report. Signs as in the report: money that leaves us is negative. */
export interface SettlementLine {
  readonly result: 'line';
  /** The payout it belongs to: the unit of the close. */
  readonly statement: string;
  /** Place in the file, from 1: with the statement it identifies even a line that is repeated word for word. */
  readonly number: number;
  readonly kind: LineKind;
  /** The gateway's own name of the kind. */
  readonly category: string;
  /** The gateway's id of the line; a second line with the same one is a duplicate. */
  readonly balanceTransaction: string;
  /** Charge, refund, …: what exceptions name. */
  readonly gatewayObject: string;
  readonly authorizationId?: string;
  readonly containerId?: string;
  /** Ours, from the metadata columns. */
  readonly paymentId?: string;
  readonly operationId?: string;
  /** In the currency of settlement: gross − fee = net. */
  readonly gross: Money;
  readonly fee: Money;
  readonly net: Money;
  /** What the shopper saw, for matching with our payment; the settled side where the report has none. */
  readonly customerFacing: Money;
  readonly createdAt: string;
  readonly availableAt: string;
}

/** A row that can't be used. One of them keeps its statement, or the whole file, from closing. */
export interface LineProblem {
  readonly result: 'problem';
  readonly number: number;
  /** Absent when not even that can be read: then no statement of the file may close. */
  readonly statement?: string;
  readonly reason:
    | 'unknown_category'
    | 'unknown_currency'
    | 'malformed_amount'
    | 'malformed_time'
    | 'missing_column'
    | 'missing_value'
    | 'net_differs'
    | 'malformed_csv';
  readonly column?: string;
  /** What stood there. */
  readonly found?: string;
  readonly gatewayObject?: string;
}

/** Sums of one statement, in minor units of its currency. */
export interface ControlTotals {
  readonly currency?: string;
  readonly lines: number;
  readonly gross: bigint;
  readonly fee: bigint;
  readonly net: bigint;
  /** Rows of the payout itself, which are not among `lines`. */
  readonly payoutRows: number;
  readonly payoutNet: bigint;
}

export const NO_TOTALS: ControlTotals = {
  lines: 0,
  gross: 0n,
  fee: 0n,
  net: 0n,
  payoutRows: 0,
  payoutNet: 0n,
};

/** Adds a line. A payout's own row is counted apart: whether files hold one is not established. */
export function addLine(totals: ControlTotals, line: SettlementLine): ControlTotals {
  const currency = totals.currency ?? line.net.currency;
  if (line.kind === 'payout') {
    const payoutNet = totals.payoutNet + line.net.minor;
    return { ...totals, currency, payoutRows: totals.payoutRows + 1, payoutNet };
  }
  return {
    ...totals,
    currency,
    lines: totals.lines + 1,
    gross: totals.gross + line.gross.minor,
    fee: totals.fee + line.fee.minor,
    net: totals.net + line.net.minor,
  };
}

/** What doesn't add up; empty when the statement may close as far as its totals go. */
export function controlBreaks(totals: ControlTotals, payout: Money): readonly string[] {
  const breaks: string[] = [];
  if (totals.currency !== undefined && totals.currency !== payout.currency) {
    return [`lines are in ${totals.currency}, the payout is in ${payout.currency}`];
  }
  if (totals.net !== payout.minor) {
    breaks.push(`net of the lines is ${totals.net}, the payout is ${payout.minor}`);
  }
  if (totals.payoutRows > 0 && totals.payoutNet !== -payout.minor) {
    breaks.push(`the payout's own rows are ${totals.payoutNet}, the payout is ${payout.minor}`);
  }
  return breaks;
}
