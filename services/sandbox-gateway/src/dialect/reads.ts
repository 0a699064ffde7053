import type Stripe from 'stripe';
import { invalidParameter, missing } from '../gateway/api-error.js';
import { balanceOf } from '../gateway/charges.js';
import { disputeOf } from '../gateway/dispute-records.js';
import { balanceTransactionObject } from '../gateway/objects.js';
import { intentOf } from '../gateway/intent-records.js';
import { idOf } from '../gateway/reference.js';
import { refundOf } from '../gateway/refunds.js';
import { DEFAULT_COLUMNS, REPORT_TYPE, runOf } from '../gateway/reports.js';
import { reviewOf } from '../gateway/risk.js';
import { transferRecord } from '../gateway/transfers.js';
import type { World } from '../gateway/world.js';
import type { ReportLine } from '../store.js';
import { page, type ListParams } from './lists.js';
import { checked, listParams, searchParams } from './params.js';

export interface Read {
  readonly world: World;
  readonly account: string;
  readonly id: string;
  readonly query: unknown;
  /** How the caller reached us: files lie there too. */
  readonly origin: string;
}

/** How long after its creation search shows a PaymentIntent: the provider promises no read after write. */
export const SEARCH_DELAY_MS = 20_000;

export const READS: Readonly<Record<string, (read: Read) => unknown>> = {
  '/v1/payment_intents/:id': ({ world, account, id }) => intentOf(world, account, id).object,
  '/v1/payment_intents': listIntents,
  '/v1/payment_intents/search': searchIntents,
  '/v1/charges/:id': ({ world, account, id }) => one(world, 'charges', account, id, 'charge'),
  '/v1/charges': listCharges,
  '/v1/refunds/:id': ({ world, account, id }) => refundOf(world, account, id),
  '/v1/refunds': listRefunds,
  '/v1/disputes/:id': ({ world, account, id }) => disputeOf(world, account, id),
  '/v1/disputes': listDisputes,
  '/v1/transfers/:id': ({ world, account, id }) => transferRecord(world, account, id).object,
  '/v1/transfers/:id/reversals': listReversals,
  '/v1/transfers': listTransfers,
  '/v1/reviews/:id': ({ world, account, id }) => reviewOf(world, account, id),
  '/v1/reviews': listReviews,
  '/v1/radar/early_fraud_warnings/:id': ({ world, account, id }) =>
    one(world, 'warnings', account, id, 'early fraud warning'),
  '/v1/radar/early_fraud_warnings': listWarnings,
  '/v1/balance': balance,
  '/v1/balance_transactions/:id': ({ world, account, id }) =>
    one(world, 'balance', account, id, 'balance transaction'),
  '/v1/balance_transactions': listBalance,
  '/v1/payouts/:id': ({ world, account, id }) => one(world, 'payouts', account, id, 'payout'),
  '/v1/payouts': listPayouts,
  '/v1/events/:id': ({ world, account, id }) => eventOf(world, account, id),
  '/v1/events': listEvents,
  '/v1/reporting/report_runs/:id': reportRun,
  '/v1/reporting/report_types/:id': reportType,
};

function listIntents({ world, account, query }: Read): unknown {
  const params = checked(listParams, query);
  const intents = owned(world, 'intents', account).filter(
    (intent) => params.customer === undefined || intent.customer === params.customer,
  );
  return page(intents, params, '/v1/payment_intents');
}

/** Understands one clause: `metadata['key']:'value'`. */
function searchIntents({ world, account, query }: Read): unknown {
  const params = checked(searchParams, query);
  const clause = /^metadata\['([^']+)'\]:'([^']*)'$/.exec(params.query.trim());
  if (clause === null) throw invalidParameter('query', `The sandbox can't search ${params.query}`);
  const [, key = '', value = ''] = clause;
  const shown = world.now().getTime() - SEARCH_DELAY_MS;
  const data = owned(world, 'intents', account)
    .filter((intent) => intent.created * 1000 <= shown && intent.metadata[key] === value)
    .toReversed()
    .slice(0, Number(params.limit ?? '10'));
  return {
    object: 'search_result',
    data,
    has_more: false,
    next_page: null,
    url: '/v1/payment_intents/search',
  };
}

function listCharges({ world, account, query }: Read): unknown {
  const params = checked(listParams, query);
  const charges = owned(world, 'charges', account).filter(
    (charge) =>
      params.payment_intent === undefined || charge.payment_intent === params.payment_intent,
  );
  return page(charges, params, '/v1/charges');
}

function listRefunds({ world, account, query }: Read): unknown {
  const params = checked(listParams, query);
  const refunds = owned(world, 'refunds', account).filter((refund) => about(refund, params));
  return page(refunds, params, '/v1/refunds');
}

function listDisputes({ world, account, query }: Read): unknown {
  const params = checked(listParams, query);
  const disputes = owned(world, 'disputes', account).filter((dispute) => about(dispute, params));
  return page(disputes, params, '/v1/disputes');
}

function listTransfers({ world, account, query }: Read): unknown {
  const params = checked(listParams, query);
  const { transfer_group: group, destination } = params;
  const transfers = owned(world, 'transfers', account).filter(
    (transfer) =>
      (group === undefined || transfer.transfer_group === group) &&
      (destination === undefined || transfer.destination === destination),
  );
  return page(transfers, params, '/v1/transfers');
}

function listReversals({ world, account, id, query }: Read): unknown {
  const params = checked(listParams, query);
  const { reversals } = transferRecord(world, account, id).object;
  return page(reversals.data.toReversed(), params, reversals.url);
}

/** Those that are open. */
function listReviews({ world, account, query }: Read): unknown {
  const params = checked(listParams, query);
  const reviews = owned(world, 'reviews', account).filter(({ open }) => open);
  return page(reviews, params, '/v1/reviews');
}

function listWarnings({ world, account, query }: Read): unknown {
  const params = checked(listParams, query);
  const warnings = owned(world, 'warnings', account).filter((warning) => about(warning, params));
  return page(warnings, params, '/v1/radar/early_fraud_warnings');
}

function about(
  object: { readonly payment_intent?: unknown; readonly charge?: unknown },
  { payment_intent: intent, charge }: ListParams,
): boolean {
  return (
    (intent === undefined || object.payment_intent === intent) &&
    (charge === undefined || object.charge === charge)
  );
}

function listPayouts({ world, account, query }: Read): unknown {
  const params = checked(listParams, query);
  const payouts = owned(world, 'payouts', account).filter(
    (payout) => params.status === undefined || payout.status === params.status,
  );
  return page(payouts, params, '/v1/payouts');
}

function balance({ world, account }: Read): Stripe.Balance {
  const held = [...balanceOf(world, account)];
  return {
    object: 'balance',
    available: held.map(([currency, amount]) => ({
      amount,
      currency,
      source_types: { card: amount },
    })),
    livemode: false,
    pending: held.map(([currency]) => ({ amount: 0, currency, source_types: { card: 0 } })),
  };
}

/** With `payout`: the lines as the report has them, altered ones included, the payout's own line first. */
function listBalance({ world, account, query }: Read): unknown {
  const params = checked(listParams, query);
  const url = '/v1/balance_transactions';
  if (params.payout === undefined) {
    const all = owned(world, 'balance', account).filter(
      ({ source }) => params.source === undefined || source === params.source,
    );
    return page(all, params, url);
  }
  const record = world.store.get('payouts', params.payout);
  if (record === undefined || record.account !== account) {
    throw missing('payout', params.payout, 'payout');
  }
  const own = world.store.get('balance', idOf(record.object.balance_transaction))?.object;
  const lines = record.lines.map(transactionOf);
  return page(own === undefined ? lines : [...lines, own], params, url);
}

function transactionOf(line: ReportLine): Stripe.BalanceTransaction {
  return balanceTransactionObject({
    id: line.balanceTransaction,
    amount: line.gross,
    fee: line.fee,
    currency: line.currency,
    created: line.created,
    source: line.source,
    category: line.category,
  });
}

function listEvents({ world, account, query }: Read): unknown {
  const params: ListParams = checked(listParams, query);
  const types = params.types ?? (params.type === undefined ? undefined : [params.type]);
  const events = world.store
    .all('events')
    .filter((event) => event.account === account)
    .filter(
      ({ delivered }) =>
        params.delivery_success === undefined || String(delivered) === params.delivery_success,
    )
    .filter(({ object }) => types === undefined || types.some((type) => matches(object.type, type)))
    .map(({ object }) => eventOf(world, account, object.id));
  return page(events, params, '/v1/events');
}

function matches(type: string, wanted: string): boolean {
  return wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
}

function eventOf(world: World, account: string, id: string): Stripe.Event {
  const record = world.store.get('events', id);
  if (record === undefined || record.account !== account) throw missing('event', id);
  return { ...record.object, pending_webhooks: record.delivered ? 0 : 1 };
}

function reportRun({ world, account, id, origin }: Read): unknown {
  const run = runOf(world, account, id);
  if (run.result === null) return run;
  return { ...run, result: { ...run.result, url: `${origin}/v1/files/${run.result.id}/contents` } };
}

function reportType({ world, id }: Read): unknown {
  if (id !== REPORT_TYPE) throw missing('report type', id);
  const now = Math.floor(world.now().getTime() / 1000);
  return {
    id: REPORT_TYPE,
    object: 'reporting.report_type',
    data_available_end: now,
    data_available_start: 0,
    default_columns: [...DEFAULT_COLUMNS],
    livemode: false,
    name: 'Payout reconciliation, itemized',
    updated: now,
    version: 5,
  } satisfies Stripe.Reporting.ReportType;
}

type ObjectOf = {
  intents: Stripe.PaymentIntent;
  charges: Stripe.Charge;
  refunds: Stripe.Refund;
  disputes: Stripe.Dispute;
  reviews: Stripe.Review;
  warnings: Stripe.Radar.EarlyFraudWarning;
  transfers: Stripe.Transfer;
  balance: Stripe.BalanceTransaction;
  payouts: Stripe.Payout;
};
type Owned = keyof ObjectOf;

function owned<C extends Owned>(world: World, collection: C, account: string): ObjectOf[C][] {
  const records: readonly { account: string; object: ObjectOf[Owned] }[] =
    world.store.all(collection);
  return records
    .filter((record) => record.account === account)
    .map((record) => record.object as ObjectOf[C]);
}

function one(world: World, collection: Owned, account: string, id: string, what: string): unknown {
  const record = world.store.get(collection, id);
  if (record === undefined || record.account !== account) throw missing(what, id);
  return record.object;
}
