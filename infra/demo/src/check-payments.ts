import type { PaymentState } from '@paylog/contracts';
import type { Label } from '@paylog/payment-domain';
import { notificationDifferences } from './check-happenings.js';
import { whatIsMissing } from './drive.js';
import type { Order } from './orders.js';
import type { Truth, TrueIntent } from './sandbox-truth.js';
import type { SeenAttempt } from './scenario.js';
import { half, paymentOf } from './shop.js';
import type { RunningSystem } from './system.js';
import type { Watch } from './watch.js';

/** A payment as payment-state answers for it. */
export interface View {
  readonly paymentId: string;
  readonly label: Label;
  readonly final: boolean;
  readonly held: boolean;
  readonly unresolved: readonly string[];
  readonly anomalies: readonly { readonly kind: string }[];
  readonly amounts: PaymentState['amounts'];
  readonly order?: { readonly orderId: string; readonly attempt: number };
  readonly shares?: readonly { readonly participant?: string; readonly paidOut: string }[];
}

const AT_ONCE = 8;

/** All attempts of each order, asked one order after the other as anybody with an API key may. */
export async function viewsOf(
  system: RunningSystem,
  orders: readonly Order[],
): Promise<Map<string, readonly View[]>> {
  const api = system.operator('payment-state');
  const views = new Map<string, readonly View[]>();
  const queue = [...orders];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const query = `/v1/payments?orderId=${encodeURIComponent(next.orderId)}`;
      const { payments } = await api.get<{ payments: View[] }>(query);
      views.set(next.orderId, payments);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return views;
}

/** What differs between an order's scenario, what payment-state says, what the topics said, and the gateway's truth. */
export function differencesOf(
  order: Order,
  views: readonly View[],
  watch: Pick<Watch, 'payment'>,
  truth: Truth,
): string[] {
  const { scenario, orderId } = order;
  const attempts = views.map(({ paymentId }) => watch.payment(paymentId));
  const expected = scenario.end.labels.length;
  if (views.length !== expected) return [`${views.length} payments instead of ${expected}`];
  const last = attempts.at(-1) as SeenAttempt;
  const missing = whatIsMissing(scenario.end, { attempts, last });
  return [
    ...(missing === undefined ? [] : [`the topics miss ${missing}`]),
    ...goodsDifferences(attempts),
    ...notificationDifferences(scenario.end, last),
    ...views.flatMap((view, index) => {
      const state = attempts[index]?.state;
      const intents = intentsOf(truth, paymentOf(orderId, index + 1));
      return [
        ...viewDifferences(view, scenario.end.labels[index] as Label, state?.amounts),
        ...truthDifferences(view, intents),
      ];
    }),
    ...moneyDifferences(order, intentsOf(truth, paymentOf(orderId, expected))),
  ].map((difference) => `${orderId}: ${difference}`);
}

export function intentsOf(truth: Truth, paymentId: string): TrueIntent[] {
  return truth.paymentIntents.filter(({ metadata }) => metadata['paylog_payment'] === paymentId);
}

function goodsDifferences(attempts: readonly SeenAttempt[]): string[] {
  const released = attempts
    .flatMap(({ goods }) => goods)
    .filter((type) => {
      return type === 'FulfillmentReleased';
    }).length;
  return released > 1 ? [`goods released ${released} times`] : [];
}

function viewDifferences(
  view: View,
  label: Label,
  published: View['amounts'] | undefined,
): string[] {
  const found: string[] = [];
  if (view.label !== label) found.push(`payment-state says ${view.label} instead of ${label}`);
  if (!view.final) found.push('payment-state says it is not final');
  if (view.held) found.push('it is still held');
  if (view.unresolved.length > 0) found.push(`unresolved ${view.unresolved.join(', ')}`);
  for (const { kind } of view.anomalies) found.push(`anomaly ${kind}`);
  if (JSON.stringify(sorted(view.amounts)) !== JSON.stringify(sorted(published ?? {}))) {
    found.push('payment-state answers other amounts than it has published');
  }
  return found;
}

/** Amounts, one by one, against what the calls at the gateway did. */
function truthDifferences(view: View, intents: readonly TrueIntent[]): string[] {
  if (intents.length > 1) return [`the gateway has ${intents.length} payment intents of it`];
  const [intent] = intents;
  const { captured, refunded, voided, disputed = '0', chargedBack = '0' } = view.amounts;
  const taken = (intent?.disputes ?? []).reduce(
    (sum, { withdrawn, reinstated }) => sum + withdrawn - reinstated,
    0,
  );
  const pairs = [
    ['captured', captured, intent?.amountReceived ?? 0],
    ['refunded', refunded, intent?.amountRefunded ?? 0],
    ['voided', voided, intent?.amountReleased ?? 0],
    ['taken by disputes', String(BigInt(disputed) + BigInt(chargedBack)), taken],
    ...passedOn(view, intent),
  ] as const;
  return pairs
    .filter(([, ours, theirs]) => ours !== String(theirs))
    .map(([what, ours, theirs]) => `${what} ${ours} with us, ${theirs} at the gateway`);
}

/** What each participant has, by our view and at the gateway. */
function passedOn({ shares = [] }: View, intent: TrueIntent | undefined) {
  const transfers = intent?.transfers ?? [];
  const names = transfers.map(({ metadata }) => metadata['paylog_participant'] ?? 'somebody');
  const participants = shares.flatMap(({ participant }) => participant ?? []);
  return [...new Set([...participants, ...names])].map((name) => {
    const ours = shares.find(({ participant }) => participant === name)?.paidOut ?? '0';
    const theirs = transfers
      .filter(({ metadata }) => metadata['paylog_participant'] === name)
      .reduce((sum, { amount, reversed }) => sum + amount - reversed, 0);
    return [`passed on to ${name}`, ours, theirs] as const;
  });
}

/** And both against what the scenario is about. */
function moneyDifferences({ amount, scenario }: Order, intents: readonly TrueIntent[]): string[] {
  const { captured, refunded } = scenario.end;
  const parts = { none: 0n, half: half(amount).minor, all: amount.minor };
  const expectedCaptured = parts[captured];
  const sum = (pick: (intent: TrueIntent) => number) =>
    intents.reduce((total, intent) => total + BigInt(pick(intent)), 0n);
  const found: string[] = [];
  const received = sum(({ amountReceived }) => amountReceived);
  if (received !== expectedCaptured) {
    found.push(`the gateway took ${received}, the order is about ${expectedCaptured}`);
  }
  const returned = sum(({ amountRefunded }) => amountRefunded);
  if (returned !== parts[refunded]) {
    found.push(`the gateway gave back ${returned}, the order is about ${parts[refunded]}`);
  }
  return found;
}

const sorted = (amounts: Readonly<Record<string, string>>) =>
  Object.entries(amounts).sort(([a], [b]) => (a < b ? -1 : 1));
