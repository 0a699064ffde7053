import { foundPaymentId } from '@paylog/contracts';
import { crossing } from '@paylog/failpoints';
import { counter, type Logger } from '@paylog/observability';
import type { Pool } from 'pg';
import type { Evidence } from '../ingest/evidence.js';
import { WEBHOOKS_SOURCE } from './map-evidence.js';
import { alone, dueRows, type DueRow, type Found, promote } from './found-payments.sql.js';

const atPromote = crossing('webhook-ingest.promote');

const foundTotal = counter(
  'paylog_found_payments_total',
  'Payments that a gateway told of and nobody asked us for, by gateway account',
  ['account'],
);

export interface FindingOptions {
  readonly pool: Pool;
  readonly mode: 'test' | 'live';
  /** Parked for so long, a webhook is about a payment that nobody asked us for. */
  readonly afterMs: number;
  readonly logger: Logger;
}

/** Rows of one commit. */
const AT_ONCE = 500;

/** What is to be written for rows whose payments nobody knows. */
export interface Finding {
  readonly found: readonly Found[];
  readonly references: readonly { readonly reference: string; readonly paymentId: string }[];
  readonly ready: readonly string[];
}

/**
 * Names the payments of webhooks that have waited longer than `afterMs` for one of ours: from then on their gateway ids
 * lead there, and the rows are ready. In commits of `AT_ONCE` rows, one process at a time. Answers how many rows.
 */
export async function nameFoundPayments(options: FindingOptions): Promise<number> {
  let promoted = 0;
  for (;;) {
    const rows = await atPromote(() => nameSome(options));
    promoted += rows;
    if (rows < AT_ONCE) return promoted;
  }
}

async function nameSome({ pool, mode, afterMs, logger }: FindingOptions): Promise<number> {
  const finding = await alone(pool, async (client) => {
    const due = await dueRows(client, WEBHOOKS_SOURCE, afterMs, AT_ONCE);
    if (due.length === 0) return undefined;
    const found = findingOf(due, mode);
    await promote(client, found);
    return found;
  });
  for (const { paymentId, account, object } of finding?.found ?? []) {
    foundTotal.inc({ account });
    logger.warn({ paymentId, account, object }, 'a payment that nobody asked us for');
  }
  return finding?.ready.length ?? 0;
}

/**
 * The first reference of a webhook is the one that all others of its payment hang from (its container, else its charge), so
 * the payment's id follows from that. One that shares any id with a row before it is about the same payment.
 */
export function findingOf(due: readonly DueRow[], mode: 'test' | 'live'): Finding {
  const found = new Map<string, Found>();
  const paymentOf = new Map<string, string>();
  for (const { evidence, reference, references } of due) {
    const { account, gateway } = JSON.parse(evidence) as Evidence;
    const all = [reference, ...references];
    const known = all.map((each) => paymentOf.get(each)).find((each) => each !== undefined);
    const paymentId = known ?? foundPaymentId({ mode, account, object: reference });
    if (known === undefined)
      found.set(paymentId, { paymentId, account, gateway, object: reference });
    for (const each of all) if (!paymentOf.has(each)) paymentOf.set(each, paymentId);
  }
  return {
    found: [...found.values()],
    references: [...paymentOf].map(([reference, paymentId]) => ({ reference, paymentId })),
    ready: due.map(({ id }) => id),
  };
}
