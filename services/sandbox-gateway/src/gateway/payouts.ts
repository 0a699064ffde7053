import type Stripe from 'stripe';
import { chance } from '../chance.js';
import type { BalanceRecord, ReportLine } from '../store.js';
import { feeOf } from './charges.js';
import { newId } from './new-id.js';
import { balanceTransactionObject, payoutObject, type ReportingCategory } from './objects.js';
import { idOf } from './reference.js';
import { seconds, type World } from './world.js';

export const DISCREPANCIES = [
  'amount',
  'fee',
  'missing_at_gateway',
  'missing_with_us',
  'duplicate_line',
] as const;
export type Discrepancy = (typeof DISCREPANCIES)[number];

export interface Planted {
  readonly class: Discrepancy;
  /** The charge whose line was altered, added, doubled or left out. */
  readonly object: string;
}

export interface PayoutsMade {
  readonly payouts: readonly Stripe.Payout[];
  readonly planted: readonly Planted[];
}

/** By how much planted lines are wrong, in minor units. */
const AMOUNT_OFF = 100;
const FEE_OFF = 17;

/**
 * Pays out everything that waits, one payout a currency. The report of a payout may be made wrong on purpose; the
 * payout is always what its lines add up to, so control totals hold and only the lines give it away.
 */
export function makePayouts(
  world: World,
  account: string,
  discrepancies: readonly Discrepancy[],
): PayoutsMade {
  const waiting = new Map<string, BalanceRecord[]>();
  for (const record of world.store.all('balance')) {
    if (record.account !== account || record.payout !== undefined) continue;
    const { currency } = record.object;
    waiting.set(currency, [...(waiting.get(currency) ?? []), record]);
  }
  // All of them in one statement, the longest, so that there are lines enough to spoil.
  const spoiled = [...waiting.keys()].reduce<string | undefined>(
    (longest, currency) =>
      longest === undefined || chargesIn(waiting, currency) > chargesIn(waiting, longest)
        ? currency
        : longest,
    undefined,
  );
  const payouts: Stripe.Payout[] = [];
  const planted: Planted[] = [];
  for (const [currency, records] of waiting) {
    const plan = currency === spoiled ? discrepancies : [];
    const lines = records.map((record) => lineOf(world, record));
    const report = plant(world, lines, plan);
    const amount = report.lines.reduce((sum, line) => sum + line.gross - line.fee, 0);
    // Nothing to send: the provider waits until the balance is positive again.
    if (amount <= 0) continue;
    payouts.push(pay(world, account, currency, amount, report.lines, records));
    planted.push(...report.planted);
  }
  return { payouts, planted };
}

function chargesIn(waiting: Map<string, BalanceRecord[]>, currency: string): number {
  return (waiting.get(currency) ?? []).filter((each) => each.object.type === 'charge').length;
}

function pay(
  world: World,
  account: string,
  currency: string,
  amount: number,
  lines: readonly ReportLine[],
  records: readonly BalanceRecord[],
): Stripe.Payout {
  const id = newId('po');
  const created = seconds(world);
  const own = balanceTransactionObject({
    id: newId('txn'),
    amount: -amount,
    fee: 0,
    currency,
    created,
    source: id,
    category: 'payout',
  });
  const object = payoutObject({
    id,
    amount,
    currency,
    created,
    balanceTransaction: own.id,
    traceId: newId('trace').toUpperCase(),
  });
  world.store.put('balance', own.id, {
    account,
    object: own,
    chargeId: '',
    paymentIntentId: '',
    payout: id,
  });
  for (const record of records) {
    world.store.put('balance', record.object.id, { ...record, payout: id });
  }
  world.store.put('payouts', id, { account, object, lines });
  const occasion = { account, caller: undefined, at: created };
  world.emitter.emit(occasion, 'payout.created', {
    ...object,
    status: 'pending',
    reconciliation_status: 'in_progress',
  });
  world.emitter.emit(occasion, 'payout.paid', { ...object, reconciliation_status: 'in_progress' });
  world.emitter.emit(occasion, 'payout.reconciliation_completed', object);
  return object;
}

function lineOf(world: World, record: BalanceRecord): ReportLine {
  const { object, chargeId, paymentIntentId } = record;
  const source = typeof object.source === 'string' ? object.source : '';
  return {
    balanceTransaction: object.id,
    created: object.created,
    availableOn: object.available_on,
    category: object.reporting_category as ReportingCategory,
    source,
    currency: object.currency,
    gross: object.amount,
    fee: object.fee,
    chargeId,
    paymentIntentId,
    paymentMetadata: world.store.get('intents', paymentIntentId)?.object.metadata ?? {},
    refundMetadata: world.store.get('refunds', source)?.object.metadata ?? {},
    ...transferIn(world, source),
  };
}

/** Of a transfer or a reversal; a reversal tells its own metadata. */
function transferIn(
  world: World,
  source: string,
): Pick<ReportLine, 'transferMetadata' | 'connectedAccount' | 'destinationPayment'> {
  const transfer = source.startsWith('tr')
    ? world.store
        .all('transfers')
        .map(({ object }) => object)
        .find(({ id, reversals }) => id === source || reversals.data.some((r) => r.id === source))
    : undefined;
  const reversal = transfer?.reversals.data.find(({ id }) => id === source);
  return {
    transferMetadata: (reversal ?? transfer)?.metadata ?? {},
    connectedAccount: idOf(transfer?.destination),
    destinationPayment: idOf(transfer?.destination_payment),
  };
}

function plant(
  world: World,
  lines: readonly ReportLine[],
  plan: readonly Discrepancy[],
): { lines: readonly ReportLine[]; planted: readonly Planted[] } {
  const candidates = lines
    .filter((line) => line.category === 'charge')
    .map((line) => ({ line, order: chance(world.seed, 'plant', keyOf(line)) }))
    .sort((a, b) => a.order - b.order)
    .map(({ line }) => line)
    // A charge captured in parts has several lines; what is planted is told by the charge.
    .filter(({ chargeId }, i, all) => all.findIndex((one) => one.chargeId === chargeId) === i);
  let report = [...lines];
  const planted: Planted[] = [];
  for (const discrepancy of plan) {
    if (discrepancy === 'missing_with_us') {
      const invented = inventLine(world, lines[0]);
      report = [...report, invented];
      planted.push({ class: discrepancy, object: invented.chargeId });
      continue;
    }
    const line = candidates.shift();
    if (line === undefined) continue;
    report = spoil(report, line, discrepancy);
    planted.push({ class: discrepancy, object: line.chargeId });
  }
  return { lines: report, planted };
}

/** Ids of the provider are random; ours, in the metadata, are the same in every run of a seed. */
function keyOf(line: ReportLine): string {
  return line.paymentMetadata['paylog_payment'] ?? line.balanceTransaction;
}

function spoil(
  report: readonly ReportLine[],
  target: ReportLine,
  discrepancy: Exclude<Discrepancy, 'missing_with_us'>,
): ReportLine[] {
  return report.flatMap((line) => {
    if (line !== target) return [line];
    switch (discrepancy) {
      case 'amount':
        return [{ ...line, gross: line.gross + AMOUNT_OFF }];
      case 'fee':
        return [{ ...line, fee: line.fee + FEE_OFF }];
      case 'missing_at_gateway':
        return [];
      case 'duplicate_line':
        return [line, line];
    }
  });
}

/** A charge that nobody made, in the currency and the time of the others. */
function inventLine(world: World, like: ReportLine | undefined): ReportLine {
  const created = like?.created ?? seconds(world);
  const gross = 4242;
  const chargeId = newId('ch');
  return {
    balanceTransaction: newId('txn'),
    created,
    availableOn: like?.availableOn ?? created,
    category: 'charge',
    source: chargeId,
    currency: like?.currency ?? 'eur',
    gross,
    fee: feeOf(gross),
    chargeId,
    paymentIntentId: newId('pi'),
    paymentMetadata: {},
    refundMetadata: {},
    transferMetadata: {},
    connectedAccount: '',
    destinationPayment: '',
  };
}
