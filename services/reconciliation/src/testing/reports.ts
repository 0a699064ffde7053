import type { SettlementLine } from '@paylog/gateways';
import { statementIdOf, type Statement } from '../statement/statement.js';
import {
  ACCOUNT,
  chargeOf,
  containerOf,
  disputeOf,
  idOf,
  money,
  payoutIdOf,
  refundIdOf,
  refundObjectOf,
  reinstatementOf,
  transferOf,
  transferReversalOf,
  withdrawalOf,
} from './payments.js';

/** Short ways to say what a gateway reports. */

export const TERMS = { feeBps: 290, feeFixedMinor: 30, dueDays: 0 };
export const CUT_OFF = '2026-03-02T00:00:00.000Z';

export const feeOn = (minor: number) => Math.floor((minor * 290 + 5_000) / 10_000) + 30;

type Line = Omit<SettlementLine, 'number'>;

const TIMES = { createdAt: '2026-03-01T12:00:00.000Z', availableAt: '2026-03-01T12:00:00.000Z' };

export function captureLine(order: string, minor: number, over: Partial<Line> = {}): Line {
  const fee = feeOn(minor);
  return {
    result: 'line',
    statement: 'po_1',
    kind: 'capture',
    category: 'charge',
    balanceTransaction: `txn_${order}`,
    gatewayObject: chargeOf(order),
    authorizationId: chargeOf(order),
    containerId: containerOf(order),
    paymentId: idOf(order),
    gross: money(minor),
    fee: money(fee),
    net: money(minor - fee),
    customerFacing: money(minor),
    ...TIMES,
    ...over,
  };
}

export function refundLine(
  order: string,
  n: number,
  minor: number,
  over: Partial<Line> = {},
): Line {
  return {
    ...captureLine(order, 0),
    kind: 'refund',
    category: 'refund',
    balanceTransaction: `txn_${order}_${n}`,
    gatewayObject: refundObjectOf(order, n),
    operationId: refundIdOf(order, n),
    gross: money(-minor),
    fee: money(0),
    net: money(-minor),
    customerFacing: money(-minor),
    ...over,
  };
}

/** What a dispute takes, with its fee, or gives back. */
export function disputeLine(
  order: string,
  minor: number,
  kind: 'dispute_withdrawal' | 'dispute_reinstatement',
  over: Partial<Line> = {},
): Line {
  const out = kind === 'dispute_withdrawal';
  const gross = money(out ? -minor : minor);
  const fee = money(out ? 1_500 : 0);
  return {
    ...captureLine(order, 0),
    kind,
    category: out ? 'dispute' : 'dispute_reversal',
    balanceTransaction: out ? withdrawalOf(order) : reinstatementOf(order),
    gatewayObject: disputeOf(order),
    gross,
    fee,
    net: { ...gross, minor: gross.minor - fee.minor },
    customerFacing: gross,
    ...over,
  };
}

/** What is passed on to a participant, or taken back. */
export function transferLine(
  order: string,
  participant: string,
  minor: number,
  kind: 'participant_payout' | 'participant_payout_reversal' = 'participant_payout',
): Line {
  const out = kind === 'participant_payout';
  const gross = money(out ? -minor : minor);
  const { authorizationId: _charge, containerId: _container, ...rest } = captureLine(order, 0);
  return {
    ...rest,
    kind,
    category: out ? 'transfer' : 'transfer_reversal',
    balanceTransaction: `txn_${kind}_${order}_${participant}`,
    gatewayObject: (out ? transferOf : transferReversalOf)(order, participant),
    operationId: payoutIdOf(order, participant),
    gross,
    fee: money(0),
    net: gross,
    customerFacing: gross,
  };
}

export function numbered(lines: readonly Line[]): SettlementLine[] {
  return lines.map((line, i) => ({ ...line, number: i + 1 }));
}

/** The payout that these lines add up to. */
export function statementOf(lines: readonly Line[], statement = 'po_1'): Statement {
  return {
    statementId: statementIdOf(ACCOUNT, statement),
    account: ACCOUNT,
    gateway: 'stripe',
    statement,
    payout: money(lines.reduce((sum, { net }) => sum + net.minor, 0n)),
    createdAt: CUT_OFF,
    revision: 1,
  };
}

const HEADER =
  'automatic_payout_id,balance_transaction_id,created_utc,available_on_utc,reporting_category,source_id,currency,' +
  'gross,fee,net,customer_facing_amount,customer_facing_currency,charge_id,payment_intent_id,' +
  'payment_metadata[paylog_payment],refund_metadata[paylog_operation_refund]';

/** The lines as the gateway's file has them. */
export function csvOf(lines: readonly Line[]): Buffer {
  const rows = lines.map((line) =>
    [
      line.statement,
      line.balanceTransaction,
      timeOf(line.createdAt),
      timeOf(line.availableAt),
      line.category,
      line.gatewayObject,
      line.gross.currency.toLowerCase(),
      major(line.gross.minor),
      major(line.fee.minor),
      major(line.net.minor),
      major(line.customerFacing.minor),
      line.customerFacing.currency.toLowerCase(),
      line.authorizationId ?? '',
      line.containerId ?? '',
      line.paymentId ?? '',
      line.operationId ?? '',
    ].join(','),
  );
  return Buffer.from([HEADER, ...rows].join('\n'));
}

const timeOf = (iso: string) => iso.slice(0, 19).replace('T', ' ');

function major(minor: bigint): string {
  const digits = String(minor < 0n ? -minor : minor).padStart(3, '0');
  return `${minor < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
