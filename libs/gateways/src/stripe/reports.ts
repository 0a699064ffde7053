import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { stableId } from '@paylog/contracts';
import Stripe from 'stripe';
import type { GatewayAccount } from '../accounts.js';
import { GatewayFault } from '../fault.js';
import type { Payout, SettlementSource } from '../port.js';
import { createSdk } from './client.js';
import { moneyOf, timeOf } from './observe.js';
import { REPORT_COLUMNS } from './settlement.js';

const REPORT_TYPE = 'payout_reconciliation.itemized.5';
const DAY_SECONDS = 24 * 60 * 60;
const STATUSES: readonly Payout['status'][] = [
  'pending',
  'in_transit',
  'paid',
  'failed',
  'canceled',
];

/** Payouts and their reports, read with the account's API key. */
export function createStripeSettlement(
  account: GatewayAccount,
  options: { readonly timeoutMs: number },
): SettlementSource {
  const stripe = createSdk(account, options.timeoutMs);
  return {
    account: account.account,

    async *payouts(since: string): AsyncGenerator<Payout> {
      const gte = Math.floor(Date.parse(since) / 1000);
      const newestFirst: Stripe.Payout[] = [];
      await asked(async () => {
        for await (const payout of stripe.payouts.list({ created: { gte }, limit: 100 })) {
          newestFirst.push(payout);
        }
      });
      for (const payout of newestFirst.toReversed()) yield payoutOf(payout);
    },

    async report(payout: Payout): Promise<AsyncIterable<Uint8Array> | undefined> {
      const run = await asked(() => currentRun(stripe, account.account, payout));
      if (run === undefined || run.status === 'pending') return undefined;
      const url = run.result?.url;
      if (run.status !== 'succeeded' || url === undefined || url === null) {
        throw new GatewayFault(
          'report_failed',
          `report run ${run.id} of payout ${payout.statement} ended ${run.status}: ${run.error ?? 'no file'}`,
          true,
        );
      }
      return download(url, account, options.timeoutMs);
    },
  };
}

/** The same key finds the run that was started before; after the gateway forgot the key it is a new run, no harm. */
async function currentRun(
  stripe: Stripe,
  account: string,
  payout: Payout,
): Promise<Stripe.Reporting.ReportRun | undefined> {
  const created = Math.floor(Date.parse(payout.createdAt) / 1000);
  const arrival = Math.floor(Date.parse(payout.arrivalAt) / 1000);
  try {
    const { id } = await stripe.reporting.reportRuns.create(
      {
        report_type: REPORT_TYPE,
        parameters: {
          // A payout takes effect between its creation and its arrival, in whatever zone the account lives.
          interval_start: Math.min(created, arrival) - DAY_SECONDS,
          interval_end: Math.max(created, arrival) + DAY_SECONDS,
          currency: payout.amount.currency.toLowerCase(),
          columns: [...REPORT_COLUMNS],
        },
      },
      { idempotencyKey: stableId('rep', account, payout.statement, REPORT_COLUMNS.join()) },
    );
    return await stripe.reporting.reportRuns.retrieve(id);
  } catch (error) {
    // The data of that interval is not there yet.
    const early =
      error instanceof Stripe.errors.StripeInvalidRequestError &&
      error.param?.includes('interval') === true;
    if (early) return undefined;
    throw error;
  }
}

async function download(
  url: string,
  account: GatewayAccount,
  timeoutMs: number,
): Promise<AsyncIterable<Uint8Array>> {
  const target = new URL(url);
  const own = new URL(account.apiBaseUrl);
  // The API key goes to the gateway's own hosts only, whatever the answer says.
  const trusted =
    target.origin === own.origin ||
    (own.hostname === 'api.stripe.com' && target.origin === 'https://files.stripe.com');
  if (!trusted) {
    throw new GatewayFault('report_elsewhere', `the report lies on ${target.origin}`, false);
  }
  const response = await asked(() =>
    fetch(target, {
      headers: { authorization: `Bearer ${account.apiKey ?? ''}` },
      redirect: 'error',
      signal: AbortSignal.timeout(Math.max(timeoutMs, 60_000)),
    }),
  );
  if (!response.ok || response.body === null) {
    throw new GatewayFault('report_download', `the report answered ${response.status}`, true);
  }
  return Readable.fromWeb(response.body as ReadableStream<Uint8Array>);
}

/** Asks Stripe; what fails is a `GatewayFault` that says whether it may work later. */
export async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof GatewayFault) throw error;
    const transient = !(
      error instanceof Stripe.errors.StripeInvalidRequestError ||
      error instanceof Stripe.errors.StripeAuthenticationError ||
      error instanceof Stripe.errors.StripePermissionError
    );
    const message = error instanceof Error ? error.message : String(error);
    throw new GatewayFault('gateway_request', `asking Stripe failed: ${message}`, transient, {
      cause: error,
    });
  }
}

function payoutOf(payout: Stripe.Payout): Payout {
  const status = STATUSES.find((each) => each === payout.status);
  if (status === undefined) {
    throw new GatewayFault('status_unknown', `payout ${payout.id} is "${payout.status}"`, false);
  }
  return {
    statement: payout.id,
    amount: moneyOf(payout.amount, payout.currency),
    status,
    createdAt: timeOf(payout.created),
    arrivalAt: timeOf(payout.arrival_date),
    // Manual and instant payouts never get there: their lines can't be listed.
    linesReady: payout.automatic && payout.reconciliation_status === 'completed',
  };
}
