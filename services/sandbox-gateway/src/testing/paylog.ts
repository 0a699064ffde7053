import { operationId, paymentId } from '@paylog/contracts';
import {
  type AuthorizeRequest,
  createStripeClient,
  factsOf,
  type GatewayAccount,
  type GatewayAnswer,
  type GatewayClient,
  verified,
  webhooksOf,
} from '@paylog/gateways';
import { type Fact, fold, type Payment } from '@paylog/payment-domain';
import fc from 'fast-check';
import {
  ACCOUNT,
  API_KEY,
  LOST_MS,
  PATIENT_MS,
  runSandbox,
  type RunningSandbox,
  WEBHOOK_SECRET,
} from './running-sandbox.js';

/** A sandbox, and Paylog's side of it. */
export interface Paylog {
  readonly running: RunningSandbox;
  readonly account: GatewayAccount;
  readonly client: GatewayClient;
  /** For calls whose answer is lost. */
  readonly unheard: GatewayClient;
  /** What the webhooks that arrived tell of a payment, as webhook-ingest would get it. */
  heardOf(payment: string, paymentOf?: (reference: string) => string | undefined): Promise<HeardOf>;
}

export interface HeardOf {
  readonly facts: readonly Fact[];
  /** Deliveries whose signature is not ours, about whatever payment. */
  readonly refused: number;
}

export async function runPaylog(more: Partial<GatewayAccount> = {}): Promise<Paylog> {
  const running = await runSandbox();
  const account: GatewayAccount = {
    account: ACCOUNT,
    gateway: 'stripe',
    mode: 'test',
    apiBaseUrl: running.sandbox.url,
    apiKey: API_KEY,
    webhookSecrets: [{ name: 'main', value: WEBHOOK_SECRET }],
    settlement: { dueDays: 0, feeBps: 290, feeFixedMinor: 30 },
    ...more,
  };
  return {
    running,
    account,
    client: createStripeClient(account, { timeoutMs: PATIENT_MS }),
    unheard: createStripeClient(account, { timeoutMs: LOST_MS }),
    heardOf: async (payment, paymentOf) => {
      await running.settle();
      return heardOf(running, account, payment, paymentOf ?? (await namesIn(running)));
    },
  };
}

async function heardOf(
  running: RunningSandbox,
  account: GatewayAccount,
  payment: string,
  paymentOf: (reference: string) => string | undefined,
): Promise<HeardOf> {
  const webhooks = webhooksOf('stripe');
  const context = { account: ACCOUNT, mode: 'test', paymentOf } as const;
  const facts: Fact[] = [];
  let refused = 0;
  for (const { body, signature, at } of running.receiver.received) {
    const headers = { 'stripe-signature': signature };
    const verdict = await webhooks.verify({ body, headers, receivedAt: at }, account);
    if (!verdict.valid) {
      refused += 1;
      continue;
    }
    for (const item of webhooks.read(verified(body), context)) {
      if (item.kind === 'unreadable') throw new Error(`${item.path} ${item.error}`);
      if (item.kind === 'facts' && item.paymentId === payment) facts.push(...item.facts);
    }
  }
  return { facts, refused };
}

/** Gateway ids → payments, as alias facts will have told by the time a parked webhook is read again. */
async function namesIn(running: RunningSandbox) {
  const { paymentIntents } = await running.truth();
  const names = new Map(
    paymentIntents.flatMap(({ id, metadata, charges }) => {
      const payment = metadata['paylog_payment'];
      if (payment === undefined) return [];
      return [id, ...charges.map((charge) => charge.id)].map((each) => [each, payment] as const);
    }),
  );
  return (reference: string) => names.get(reference);
}

export const eur = (minor: bigint) => ({ minor, currency: 'EUR' });

/** The payment of an order of the storefront `shop`. */
export const paymentOfOrder = (orderId: string) =>
  paymentId({ mode: 'test', storefront: 'shop', orderId, attempt: 1 });

/** Asks for ten euros, to be captured at once, if nothing else is said. */
export function authorization(
  payment: string,
  more: Partial<AuthorizeRequest> = {},
): AuthorizeRequest {
  const capture = operationId(payment, 'capture', 'automatic');
  return {
    paymentId: payment,
    operationId: operationId(payment, 'authorization', '1'),
    sessionOperationId: operationId(payment, 'session', '1'),
    ...(more.captureMode === 'manual' ? {} : { captureOperationId: capture }),
    call: 1,
    amount: eur(1000n),
    captureMode: 'automatic',
    paymentMethod: 'pm_card_visa',
    ...more,
  };
}

export const ASKED_AT = '2026-03-01T12:00:00Z';

/** What the storefront agreed to with the shopper. */
export function terms(
  payment: string,
  { amount, captureMode }: Pick<AuthorizeRequest, 'amount' | 'captureMode'>,
  orderId: string,
): Fact {
  return {
    id: `${payment} terms`,
    type: 'terms',
    at: ASKED_AT,
    source: 'request',
    mode: 'test',
    storefront: 'shop',
    orderId,
    attempt: 1,
    amount,
    captureMode,
    account: ACCOUNT,
    gateway: 'stripe',
  };
}

/** Keeps the facts of an answer, and gives it on. */
export async function told<T extends GatewayAnswer>(facts: Fact[], answer: Promise<T>): Promise<T> {
  const arrived = await answer;
  facts.push(...factsOf(arrived));
  return arrived;
}

/** The states that the same facts give in other orders, some of them told twice. They must all be one. */
export function foldedInOtherOrders(
  facts: readonly Fact[],
  runs: number,
  seed?: number,
): readonly Payment[] {
  const told = [...facts];
  const orders = fc.tuple(fc.shuffledSubarray(told, { minLength: told.length }), fc.subarray(told));
  return fc
    .sample(orders, { numRuns: runs, ...(seed === undefined ? {} : { seed }) })
    .map(([order, again]) => fold([...again, ...order]));
}
