import { randomUUID } from 'node:crypto';
import { ACCOUNT, waitFor } from '@paylog/local';
import { Command } from 'commander';
import { whatIsMissing } from './drive.js';
import { Finance } from './finance.js';
import { HttpApi } from './http.js';
import { payOut } from './sandbox-truth.js';
import type { End } from './scenario.js';
import { paymentOf } from './shop.js';
import { onRunningSystem, type RunningSystem } from './system.js';
import { Watch } from './watch.js';

const AMOUNT = { minor: '1999', currency: 'EUR' };
const WITHIN_MS = 30_000;
const END: End = {
  labels: ['captured'],
  captured: 'all',
  refunded: 'none',
  goods: 'FulfillmentReleased',
};

new Command('smoke')
  .description('one order through everything that runs, in seconds')
  .action(() => onRunningSystem(smoke))
  .parse();

async function smoke(system: RunningSystem): Promise<number> {
  const [watch, finance] = await Promise.all([
    Watch.start(system.kafka),
    Finance.start(system.kafka),
  ]);
  try {
    await followOneOrder(system, watch, finance);
    console.log('All is well');
    return 0;
  } finally {
    await Promise.all([watch.close(), finance.close()]);
  }
}

async function followOneOrder(
  system: RunningSystem,
  watch: Watch,
  finance: Finance,
): Promise<void> {
  const started = Date.now();
  const tell = (what: string) =>
    console.log(`${String(Date.now() - started).padStart(6)} ms  ${what}`);
  const orderId = `smoke-${randomUUID()}`;
  const paymentId = paymentOf(orderId, 1);
  const { status, readToken } = await system
    .shop('intent')
    .post<{ status: string; readToken: string }>(
      '/v1/payment-intents',
      { orderId, amount: AMOUNT, paymentMethod: 'pm_card_visa' },
      { 'idempotency-key': orderId },
    );
  tell(`placed ${orderId}: ${paymentId} is ${status}`);
  await captureAndRelease(watch, paymentId);
  tell('captured, and the goods are released');
  const { label } = await new HttpApi(system.url('payment-state'), { key: readToken }).get<{
    label: string;
  }>(`/v1/payments/${paymentId}`);
  tell(`payment-state answers ${label} to the shopper's read token`);
  await inTheBooks(finance, paymentId);
  tell('in the ledger, balanced');
  const { payouts } = await payOut(system.sandbox(), ACCOUNT, []);
  await finance.closed(payouts.map(({ id }) => id));
  tell(`paid out by the gateway, statement closed: ${payouts.map(({ id }) => id).join(', ')}`);
}

function captureAndRelease(watch: Watch, paymentId: string): Promise<true> {
  const missing = () => {
    const last = watch.payment(paymentId);
    return whatIsMissing(END, { attempts: [last], last });
  };
  return watch.until(
    () => `${paymentId}: ${missing()}`,
    [paymentId],
    () => (missing() === undefined ? true : undefined),
    WITHIN_MS,
  );
}

async function inTheBooks(finance: Finance, paymentId: string): Promise<void> {
  await waitFor(`${paymentId} to be in the ledger`, async () => {
    const entry = finance.entries.find((one) => one.paymentId === paymentId);
    if (entry === undefined) return undefined;
    const sum = entry.lines.reduce((total, { side, minor }) => {
      return side === 'debit' ? total + BigInt(minor) : total - BigInt(minor);
    }, 0n);
    if (sum !== 0n) throw new Error(`entry ${entry.entryId} is off by ${sum}`);
    return true;
  });
}
