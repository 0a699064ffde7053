import { stringify } from 'csv-stringify/sync';
import type Stripe from 'stripe';
import type { PayoutRecord, ReportLine } from '../store.js';
import { invalidParameter, missing } from './api-error.js';
import { toMajor } from './currency.js';
import { newId } from './new-id.js';
import { seconds, type Caller, type World } from './world.js';

export const REPORT_TYPE = 'payout_reconciliation.itemized.5';
/** A run is `pending` for this long. */
const WRITES_FOR_MS = 150;

export const DEFAULT_COLUMNS: readonly string[] = [
  'automatic_payout_id',
  'automatic_payout_effective_at_utc',
  'balance_transaction_id',
  'created_utc',
  'available_on_utc',
  'currency',
  'gross',
  'fee',
  'net',
  'reporting_category',
  'source_id',
  'description',
  'customer_facing_amount',
  'customer_facing_currency',
  'charge_id',
  'payment_intent_id',
];

export interface CreateRun {
  readonly reportType: string;
  readonly intervalStart: number;
  readonly intervalEnd: number;
  readonly currency?: string;
  readonly columns?: readonly string[];
}

export function createRun(
  world: World,
  caller: Caller,
  from: CreateRun,
): Stripe.Reporting.ReportRun {
  if (from.reportType !== REPORT_TYPE) {
    throw invalidParameter('report_type', `The sandbox writes ${REPORT_TYPE} only.`);
  }
  if (from.intervalEnd <= from.intervalStart) {
    throw invalidParameter('parameters[interval_end]', 'The interval ends before it starts.');
  }
  const object: Stripe.Reporting.ReportRun = {
    id: newId('frr'),
    object: 'reporting.report_run',
    created: seconds(world),
    error: null,
    livemode: false,
    parameters: {
      interval_start: from.intervalStart,
      interval_end: from.intervalEnd,
      ...(from.currency === undefined ? {} : { currency: from.currency }),
      ...(from.columns === undefined ? {} : { columns: [...from.columns] }),
    },
    report_type: from.reportType,
    result: null,
    status: 'pending',
    succeeded_at: null,
  };
  world.store.put('reports', object.id, { account: caller.account, object });
  world.later(WRITES_FOR_MS, () => finishRun(world, caller.account, object.id));
  return object;
}

export function runOf(world: World, account: string, id: string): Stripe.Reporting.ReportRun {
  const record = world.store.get('reports', id);
  if (record === undefined || record.account !== account) throw missing('report run', id);
  return record.object;
}

/** After a restart: runs that nobody finished. */
export function resumeRuns(world: World): void {
  for (const { account, object } of world.store.all('reports')) {
    if (object.status === 'pending') finishRun(world, account, object.id);
  }
}

/** The file's bytes: the same for one run, however often it is downloaded. */
export function fileOf(world: World, account: string, fileId: string): string {
  const run = world.store
    .all('reports')
    .find((each) => each.account === account && each.object.result?.id === fileId);
  if (run === undefined) throw missing('file', fileId);
  return csvOf(world, run.object, run.payouts ?? []);
}

function finishRun(world: World, account: string, id: string): void {
  const run = runOf(world, account, id);
  const payouts = payoutsIn(world, account, run);
  const fileId = newId('file');
  const created = seconds(world);
  const object: Stripe.Reporting.ReportRun = {
    ...run,
    status: 'succeeded',
    succeeded_at: created,
    result: {
      id: fileId,
      object: 'file',
      created,
      expires_at: created + 31_536_000,
      filename: `${run.id}.csv`,
      links: null,
      purpose: 'finance_report_run',
      size: Buffer.byteLength(csvOf(world, run, payouts)),
      title: `FinanceReportRun ${run.id}`,
      type: 'csv',
      url: `${world.publicUrl()}/v1/files/${fileId}/contents`,
    },
  };
  world.store.put('reports', id, { account, object, payouts });
  world.emitter.emit(
    { account, caller: undefined, at: created },
    'reporting.report_run.succeeded',
    object,
  );
}

function payoutsIn(world: World, account: string, run: Stripe.Reporting.ReportRun): string[] {
  const { interval_start = 0, interval_end = 0, currency } = run.parameters;
  return world.store
    .all('payouts')
    .filter(({ account: owner }) => owner === account)
    .map(({ object }) => object)
    .filter(({ created }) => created >= interval_start && created < interval_end)
    .filter((payout) => currency === undefined || payout.currency === currency)
    .map(({ id }) => id);
}

function csvOf(world: World, run: Stripe.Reporting.ReportRun, payouts: readonly string[]): string {
  const header = run.parameters.columns ?? DEFAULT_COLUMNS;
  const rows = payouts
    .flatMap((id) => world.store.get('payouts', id) ?? [])
    .flatMap((payout) =>
      payout.lines.map((line) => header.map((column) => cell(column, payout, line))),
    );
  return stringify([[...header], ...rows]);
}

function cell(column: string, { object: payout }: PayoutRecord, line: ReportLine): string {
  const metadata = /^(payment|refund|transfer)_metadata\[(.+)\]$/.exec(column);
  if (metadata !== null) {
    const [, owner, key = ''] = metadata;
    if (owner === 'payment') return line.paymentMetadata[key] ?? '';
    return (owner === 'refund' ? line.refundMetadata : line.transferMetadata)[key] ?? '';
  }
  switch (column) {
    case 'automatic_payout_id':
      return payout.id;
    case 'automatic_payout_effective_at':
    case 'automatic_payout_effective_at_utc':
      return timeOf(payout.created);
    case 'balance_transaction_id':
      return line.balanceTransaction;
    case 'created':
    case 'created_utc':
      return timeOf(line.created);
    case 'available_on':
    case 'available_on_utc':
      return timeOf(line.availableOn);
    case 'currency':
    case 'customer_facing_currency':
      return line.currency;
    case 'gross':
    case 'customer_facing_amount':
      return toMajor(line.gross, line.currency);
    case 'fee':
      return toMajor(line.fee, line.currency);
    case 'net':
      return toMajor(line.gross - line.fee, line.currency);
    case 'reporting_category':
      return line.category;
    case 'source_id':
      return line.source;
    case 'charge_id':
      return line.chargeId;
    case 'payment_intent_id':
      return line.paymentIntentId;
    case 'connected_account_id':
      return line.connectedAccount;
    case 'destination_payment_id':
      return line.destinationPayment;
    default:
      return '';
  }
}

/** `2026-03-01 12:00:00`, in UTC. */
function timeOf(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 19).replace('T', ' ');
}
