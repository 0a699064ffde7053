import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import type { Money } from '@paylog/payment-domain';
import type { LineKind, LineProblem, SettlementLine } from '../settlement-line.js';
import { fromReportAmount } from './currency.js';
import { METADATA, operationIn, paymentIn } from './metadata.js';

/** Of `payout_reconciliation.itemized.5`. We ask for these by name: the default set can change. */
export const REPORT_COLUMNS = [
  'automatic_payout_id',
  'automatic_payout_effective_at_utc',
  'balance_transaction_id',
  'created_utc',
  'available_on_utc',
  'reporting_category',
  'source_id',
  'currency',
  'gross',
  'fee',
  'net',
  'customer_facing_amount',
  'customer_facing_currency',
  'charge_id',
  'payment_intent_id',
  `payment_metadata[${METADATA.payment}]`,
  `refund_metadata[${METADATA.payment}]`,
  `refund_metadata[${METADATA.refund}]`,
  `transfer_metadata[${METADATA.payment}]`,
  `transfer_metadata[${METADATA.payout}]`,
] as const;

const REQUIRED = [
  'automatic_payout_id',
  'balance_transaction_id',
  'created_utc',
  'available_on_utc',
  'reporting_category',
  'source_id',
  'currency',
  'gross',
  'fee',
  'net',
] as const;

/** Not closed: production parsers saw these. Any other stops the statement until somebody maps it. */
const KIND_OF: Readonly<Record<string, LineKind>> = {
  charge: 'capture',
  charge_failure: 'capture_reversal',
  refund: 'refund',
  refund_failure: 'refund_reversal',
  dispute: 'dispute_withdrawal',
  dispute_reversal: 'dispute_reinstatement',
  transfer: 'participant_payout',
  transfer_reversal: 'participant_payout_reversal',
  adjustment: 'adjustment',
  fee: 'fee',
  stripe_fee: 'fee',
  network_cost: 'fee',
  payout: 'payout',
};

const RECORD_BYTES_MAX = 64 * 1024;

type Row = Readonly<Record<string, string>>;

/**
 * Reads a payout reconciliation report as a stream, in constant memory. Columns by name, in any order. Decimals are
 * exact. What can't be read becomes a problem row, never a zero and never silence.
 */
export async function* readPayoutReport(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<SettlementLine | LineProblem> {
  let number = 0;
  let missing: readonly string[] = [];
  const parser = parse({
    bom: true,
    columns: (header: string[]) => {
      const columns = header.map((name) => name.trim().replace(/\s+/g, ' '));
      missing = REQUIRED.filter((required) => !columns.includes(required));
      return columns;
    },
    max_record_size: RECORD_BYTES_MAX,
    skip_empty_lines: true,
  });
  // A failing source destroys the parser, whose iteration below then throws: nothing is left to do in the callback.
  pipeline(Readable.from(bytes, { objectMode: false }), parser, () => undefined);
  try {
    for await (const row of parser) {
      number += 1;
      if (missing.length > 0) break;
      yield readRow(row as Row, number);
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    yield { result: 'problem', number: number + 1, reason: 'malformed_csv', found: error.message };
  }
  for (const column of missing) {
    yield { result: 'problem', number: 0, reason: 'missing_column', column };
  }
}

function readRow(row: Row, number: number): SettlementLine | LineProblem {
  const statement = row['automatic_payout_id'] ?? '';
  const gatewayObject = row['source_id'] ?? '';
  const problem = (
    reason: LineProblem['reason'],
    column: string,
    found: string | undefined = row[column],
  ): LineProblem => ({
    result: 'problem',
    number,
    ...(statement === '' ? {} : { statement }),
    reason,
    column,
    ...(found === undefined ? {} : { found }),
    ...(gatewayObject === '' ? {} : { gatewayObject }),
  });

  const empty = REQUIRED.find((column) => (row[column] ?? '') === '');
  if (empty !== undefined) return problem('missing_value', empty);
  const category = row['reporting_category'] ?? '';
  const kind = Object.hasOwn(KIND_OF, category) ? KIND_OF[category] : undefined;
  if (kind === undefined) return problem('unknown_category', 'reporting_category');

  const currency = row['currency'] ?? '';
  if (fromReportAmount('0', currency) === undefined) return problem('unknown_currency', 'currency');
  const gross = fromReportAmount(row['gross'] ?? '', currency);
  if (gross === undefined) return problem('malformed_amount', 'gross');
  const fee = fromReportAmount(row['fee'] ?? '', currency);
  if (fee === undefined) return problem('malformed_amount', 'fee');
  const net = fromReportAmount(row['net'] ?? '', currency);
  if (net === undefined) return problem('malformed_amount', 'net');
  if (gross.minor - fee.minor !== net.minor) return problem('net_differs', 'net');
  const customerFacing = customerFacingOf(row, gross);
  if (customerFacing === undefined) return problem('malformed_amount', 'customer_facing_amount');

  const createdAt = timeIn(row['created_utc'] ?? '');
  if (createdAt === undefined) return problem('malformed_time', 'created_utc');
  const availableAt = timeIn(row['available_on_utc'] ?? '');
  if (availableAt === undefined) return problem('malformed_time', 'available_on_utc');

  return {
    result: 'line',
    statement,
    number,
    kind,
    category,
    balanceTransaction: row['balance_transaction_id'] ?? '',
    gatewayObject,
    ...namesIn(row),
    gross,
    fee,
    net,
    customerFacing,
    createdAt,
    availableAt,
  };
}

function customerFacingOf(row: Row, settled: Money): Money | undefined {
  const amount = row['customer_facing_amount'] ?? '';
  const currency = row['customer_facing_currency'] ?? '';
  return amount === '' && currency === '' ? settled : fromReportAmount(amount, currency);
}

type Names = Pick<SettlementLine, 'authorizationId' | 'containerId' | 'paymentId' | 'operationId'>;

function namesIn(row: Row): Names {
  const authorizationId = row['charge_id'] ?? '';
  const containerId = row['payment_intent_id'] ?? '';
  const column = (object: string, key: string) => row[`${object}_metadata[${key}]`] ?? '';
  const payments = ['payment', 'refund', 'transfer'].map((object) =>
    paymentIn({ [METADATA.payment]: column(object, METADATA.payment) }),
  );
  const paymentId = payments.find((each) => each !== undefined);
  const operationId =
    operationIn({ [METADATA.refund]: column('refund', METADATA.refund) }, 'refund') ??
    operationIn({ [METADATA.payout]: column('transfer', METADATA.payout) }, 'payout');
  return {
    ...(authorizationId === '' ? {} : { authorizationId }),
    ...(containerId === '' ? {} : { containerId }),
    ...(paymentId === undefined ? {} : { paymentId }),
    ...(operationId === undefined ? {} : { operationId }),
  };
}

/** `2026-03-01 12:00:00`, in UTC by the column's name. The calendar is checked: 30 February is no time. */
function timeIn(text: string): string | undefined {
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [, date = '', time = ''] = match;
  const parsed = new Date(`${date}T${time}.000Z`);
  if (Number.isNaN(parsed.getTime())) return undefined;
  const iso = parsed.toISOString();
  return iso.startsWith(`${date}T${time}`) ? iso : undefined;
}
