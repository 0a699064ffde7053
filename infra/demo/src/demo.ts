import { ACCOUNT, type System, waitFor } from '@paylog/local';
import { bookDifferences } from './check-books.js';
import { happeningDifferences } from './check-happenings.js';
import { differencesOf, intentsOf, viewsOf } from './check-payments.js';
import { type Driven, driveAll } from './drive.js';
import { type Figures, readFigures } from './figures.js';
import { Finance } from './finance.js';
import { Incidents } from './incidents.js';
import { type Order, planOrders } from './orders.js';
import type { Progress } from './progress.js';
import { waitUntilQuiet } from './quiet.js';
import { deliveriesOf, DISCREPANCIES, type PaidOut, payOut, truthOf } from './sandbox-truth.js';
import { POISONED_ORDER, SCENARIOS } from './scenarios.js';
import { Shop } from './shop.js';
import { RunningSystem } from './system.js';
import { Watch } from './watch.js';

export interface DemoOptions {
  readonly orders: number;
  readonly seed: number;
}

/** What a run of the demo found. */
export interface Outcome extends Figures {
  /** By name; empty: it is as it should be. */
  readonly scenarios: ReadonlyMap<string, readonly string[]>;
}

/** Everyone who reads and writes here, as outsiders. */
interface Cast {
  readonly system: RunningSystem;
  readonly shop: Shop;
  readonly watch: Watch;
  readonly finance: Finance;
  readonly incidents: Incidents;
}

/** How far it came. */
interface Played {
  readonly driven: readonly Driven[];
  readonly paidOut: PaidOut;
  /** By name; empty: reached in time. */
  readonly problems: ReadonlyMap<string, readonly string[]>;
}

/** Drives orders of every kind through a fresh system, then checks every figure against the gateway's truth. */
export async function runDemo(
  { orders: count, seed }: DemoOptions,
  { run, configuration }: System,
  progress: Progress,
): Promise<Outcome> {
  const system = new RunningSystem(run);
  await refuseUsed(system);
  const [watch, finance] = await Promise.all([
    Watch.start(system.kafka),
    Finance.start(system.kafka),
  ]);
  const shop = new Shop(system);
  const incidents = new Incidents(system, shop, watch, configuration);
  const cast = { system, shop, watch, finance, incidents };
  try {
    const played = await play(cast, planOrders(count - 1, seed, SCENARIOS), seed, progress);
    progress.phase('checking every figure');
    const key = configuration.secrets.RECONCILIATION_SIGNING_KEY;
    return await check(cast, played, key);
  } finally {
    await Promise.all([watch.close(), finance.close(), shop.close(), incidents.close()]);
    await system.close();
  }
}

/** Orders, incidents, quiet, mending, quiet, payout, quiet. What does not come to its end is a problem of the report. */
async function play(
  { system, shop, watch, finance, incidents }: Cast,
  orders: readonly Order[],
  seed: number,
  progress: Progress,
): Promise<Played> {
  const problems = new Map<string, string[]>();
  const reach = async (name: string, act: () => Promise<unknown>) => {
    const before = problems.get(name) ?? [];
    problems.set(name, before);
    await act().catch((error: Error) => void before.push(error.message));
  };
  const poisoned: Order = {
    orderId: `order-${seed}-poisoned`,
    scenario: POISONED_ORDER,
    amount: { minor: 1_250n, currency: 'EUR' },
    channel: 'kafka',
  };
  progress.orders(0, orders.length);
  let ended = 0;
  const driven = await driveAll(orders, shop, watch, (one) => {
    ended += 1;
    progress.orders(ended, orders.length);
    incidents.consider(one, poisoned);
  });
  progress.phase('waiting until every message has arrived');
  await incidents.happened(poisoned);
  await reach('comes_to_rest', () => waitUntilQuiet(system));
  await watch.caughtUp();
  incidents.refusedAloud(poisoned);
  progress.phase('mending what was unreadable');
  await incidents.mend();
  const [late] = await driveAll([poisoned], { perform: async () => {} }, watch, () => {});
  await reach('comes_to_rest', () => waitUntilQuiet(system));
  progress.phase('paying out, closing the statements');
  await nextSecond();
  const paidOut = await payOut(system.sandbox(), ACCOUNT, DISCREPANCIES);
  await reach('statements_close', () => finance.closed(paidOut.payouts.map(({ id }) => id)));
  await reach('comes_to_rest', () => waitUntilQuiet(system));
  await Promise.all([watch.caughtUp(), finance.caughtUp()]);
  return { driven: late === undefined ? driven : [...driven, late], paidOut, problems };
}

/** The gateway counts in whole seconds: what happens in the second of a payout need not be in it. */
async function nextSecond(): Promise<void> {
  const second = () => Math.floor(Date.now() / 1_000);
  const now = second();
  await waitFor('the next second', async () => (second() > now ? true : undefined));
}

async function check(
  cast: Cast,
  { driven, paidOut, problems: unreached }: Played,
  signingKey: string,
): Promise<Outcome> {
  const { system, watch, finance, incidents } = cast;
  const truth = await truthOf(system.sandbox());
  const orders = driven.map(({ order }) => order);
  const views = await viewsOf(system, orders);
  const sent = [...(await deliveriesOf(system.sandbox())), ...incidents.sent];
  const scenarios = new Map<string, string[]>();
  const note = (name: string, problems: readonly string[]) =>
    scenarios.set(name, [...(scenarios.get(name) ?? []), ...problems]);
  for (const { order, problem } of inOrderOfScenarios(driven)) {
    const own = views.get(order.orderId) ?? [];
    const intents = own.flatMap(({ paymentId }) => intentsOf(truth, paymentId));
    const about = sent.filter(({ paymentIntentId }) =>
      intents.some(({ id }) => id === paymentIntentId),
    );
    note(order.scenario.name, [
      ...(problem === undefined ? [] : [problem]),
      ...differencesOf(order, own, watch, truth),
      ...(await happeningDifferences(system, order, about)),
    ]);
  }
  for (const [name, problems] of [...incidents.problems, ...unreached]) note(name, problems);
  note('books_agree_with_gateway', bookDifferences(finance, truth, paidOut, signingKey));
  const figures = await readFigures(system, {
    views: [...views.values()].flat(),
    truth,
    paidOut,
    finance,
    sent,
  });
  // What the gateway's report invented is a payment that nobody asked us for.
  const found = paidOut.planted.filter(({ class: mischief }) => mischief === 'missing_with_us');
  const payments = [...views.values()].flat().length + found.length;
  note('nothing_unaccounted', unaccounted(figures, payments));
  return { ...figures, scenarios };
}

function inOrderOfScenarios(driven: readonly Driven[]): Driven[] {
  const order = [...SCENARIOS, POISONED_ORDER];
  const place = (driven: Driven) => order.indexOf(driven.order.scenario);
  return driven.toSorted((a, b) => place(a) - place(b));
}

/** Counts of one place that must be counts of another. */
function unaccounted(figures: Figures, payments: number): string[] {
  const { counted, webhooks } = figures;
  const found: string[] = [];
  if (counted.payments !== payments) {
    found.push(`the log has ${counted.payments} payments, orders and the report have ${payments}`);
  }
  if (counted.evidence !== webhooks.accepted) {
    found.push(`${counted.evidence} webhooks are stored, ${webhooks.accepted} were sent`);
  }
  return found;
}

/** Figures are of everything a system holds: an earlier run's payments would be counted with ours. */
async function refuseUsed(system: RunningSystem): Promise<void> {
  const { rows } = await system
    .database('payment-state')
    .query('select 1 from payments.rows limit 1');
  if (rows.length === 0) return;
  throw new Error(
    'The Kafka and Postgres that were given hold payments already; the demo needs empty ones, to count all they hold.',
  );
}
