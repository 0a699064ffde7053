import { type LedgerFigures, ledgerFigures, reconciliationFigures } from './check-books.js';
import type { ReconciliationFigures } from './check-books.js';
import type { View } from './check-payments.js';
import type { Finance } from './finance.js';
import { countReplayed, openParked } from './parked.js';
import { rebuildPayments, type Source, SOURCES } from './rebuild-payments.js';
import type { PaidOut, Sent, Truth } from './sandbox-truth.js';
import type { RunningSystem } from './system.js';
import { verifyLogs } from './verify-logs.js';
import { countWebhooks, storedWebhooks, type WebhookCounts } from './webhooks.js';

/** Every number of the report, each read from where it is true. */
export interface Figures {
  readonly payments: Readonly<Record<string, number>>;
  readonly webhooks: WebhookCounts;
  readonly fulfillment: { readonly released: number; readonly releasedTwice: number };
  readonly gateway: { readonly capturedTwice: number };
  readonly ledger: LedgerFigures;
  readonly reconciliation: ReconciliationFigures;
  readonly deadLetters: Readonly<Record<string, number>>;
  readonly parked: { readonly now: number; readonly replayed: number };
  readonly rebuild: Readonly<Record<Source, 'equal' | 'different'>>;
  readonly verify: string;
  /** Rows of the logs themselves, to be compared with the above. */
  readonly counted: { readonly payments: number; readonly evidence: number };
}

interface Sources {
  readonly views: readonly View[];
  readonly truth: Truth;
  readonly paidOut: PaidOut;
  readonly finance: Finance;
  readonly sent: readonly Sent[];
}

export async function readFigures(
  system: RunningSystem,
  { views, truth, paidOut, finance, sent }: Sources,
): Promise<Figures> {
  const stored = await storedWebhooks(system);
  return {
    payments: countBy(views, ({ label }) => label),
    webhooks: countWebhooks(sent, stored),
    fulfillment: await fulfillmentFigures(system),
    gateway: { capturedTwice: truth.capturedTwice },
    ledger: ledgerFigures(finance.entries),
    reconciliation: reconciliationFigures(finance, paidOut),
    deadLetters: await deadLetters(system),
    parked: { now: (await openParked(system)).length, replayed: await countReplayed(system) },
    rebuild: await rebuildFigures(system),
    verify: await verifyFigure(system),
    counted: { payments: await countPayments(system), evidence: stored.length },
  };
}

async function fulfillmentFigures(system: RunningSystem): Promise<Figures['fulfillment']> {
  const { decisions, releasedTwice } = await system
    .operator('fulfillment')
    .get<{ decisions: Record<string, number>; releasedTwice: number }>('/operations/releases');
  return { released: decisions['FulfillmentReleased'] ?? 0, releasedTwice };
}

/** Records ever written to each dead-letter topic that has any. */
async function deadLetters(system: RunningSystem): Promise<Record<string, number>> {
  const admin = system.kafka.admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((topic) => topic.endsWith('.dead-letter'));
    const counts = topics.sort().map(async (topic) => {
      const offsets = await admin.fetchTopicOffsets(topic);
      return [topic, offsets.reduce((sum, { high }) => sum + Number(high), 0)] as const;
    });
    return Object.fromEntries((await Promise.all(counts)).filter(([, count]) => count > 0));
  } finally {
    await admin.disconnect();
  }
}

async function rebuildFigures(system: RunningSystem): Promise<Figures['rebuild']> {
  const results = { postgres: 'different', kafka: 'different' } as Record<
    Source,
    'equal' | 'different'
  >;
  for (const source of SOURCES) {
    const equal = await rebuildPayments(system, source).then(
      (rebuilt) => rebuilt.equal,
      (error: Error) => {
        process.stderr.write(`${error.message}\n`);
        return false;
      },
    );
    results[source] = equal ? 'equal' : 'different';
  }
  return results;
}

/** `ok`, or the first row that is wrong. */
async function verifyFigure(system: RunningSystem): Promise<string> {
  for await (const { log, ok, said } of verifyLogs(system)) {
    if (!ok) return `${log}: ${said}`;
  }
  return 'ok';
}

async function countPayments(system: RunningSystem): Promise<number> {
  const { rows } = await system
    .database('payment-state')
    .query<{ count: string }>('select count(distinct stream) as count from payments.rows');
  return Number(rows[0]?.count);
}

function countBy<T>(items: readonly T[], nameOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[nameOf(item)] = (counts[nameOf(item)] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
