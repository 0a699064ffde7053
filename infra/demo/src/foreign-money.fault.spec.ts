import { rmSync } from 'node:fs';
import { encode, foundPaymentId, OPERATIONS_COMMANDS, partitionOf } from '@paylog/contracts';
import { createPublisher } from '@paylog/kafka';
import {
  ACCOUNT,
  newFolder,
  removeAtEnd,
  STOREFRONT,
  startSystem,
  type System,
} from '@paylog/local';
import { eventually } from '@paylog/testing';
import { type View } from './check-payments.js';
import { HttpFailure } from './http.js';
import { commandHeaders, openParked } from './parked.js';
import { payOut, truthOf } from './sandbox-truth.js';
import { paymentOf } from './shop.js';
import { RunningSystem } from './system.js';

/*
 * Goal: nothing that a gateway told is outside the books: a refund made in its dashboard counts in our payment, and a payment
 * made there is found, is finance's, and moves to the order that a person names.
 */
jest.setTimeout(240_000);

const WITHIN = { deadlineMs: 60_000, everyMs: 200 };

let system: System;
let running: RunningSystem;
beforeAll(async () => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  const folder = newFolder('foreign-money');
  removeAtEnd(folder);
  system = await startSystem({
    folder,
    announce: false,
    fast: true,
    environment: { FOREIGN_AFTER_MS: '3000', STATEMENT_POLL_MS: '1000', PENDING_LIMIT_MS: '3000' },
    report: () => undefined,
  });
  running = new RunningSystem(system.run);
  undo = async () => {
    await running.close();
    await system.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
});
let undo = async (): Promise<void> => undefined;
afterAll(() => undo());

type Payment = View & {
  readonly origin?: object;
  readonly adoptions?: readonly { readonly into: string; readonly operator: string }[];
};

const payments = () => running.operator('payment-state');
const viewOf = (id: string) => payments().get<Payment>(`/v1/payments/${id}`);
const known = (id: string) => viewOf(id).catch(() => undefined);

async function sold(orderId: string, minor: number): Promise<string> {
  const body = {
    orderId,
    attempt: 1,
    amount: { minor: String(minor), currency: 'EUR' },
    captureMode: 'automatic',
    paymentMethod: 'pm_card_visa',
  };
  await running.shop('intent').post('/v1/payment-intents', body, { 'idempotency-key': orderId });
  const id = paymentOf(orderId, 1);
  await eventually(
    `${orderId} is captured`,
    async () => (await known(id))?.label === 'captured',
    WITHIN,
  );
  return id;
}

async function intentOf(payment: string): Promise<string> {
  const { paymentIntents } = await truthOf(running.sandbox());
  const found = paymentIntents.find(({ metadata }) => metadata['paylog_payment'] === payment);
  return found?.id ?? '';
}

/** What intent judges by: its own copy of the payment. */
async function isProjected(payment: string, refunded: string): Promise<boolean> {
  const { rowCount } = await running
    .database('intent')
    .query(
      `select from payments where payment_id = $1 and state -> 'amounts' ->> 'refunded' = $2`,
      [payment, refunded],
    );
  return rowCount === 1;
}

const refundThere = (of: string, amount: number) =>
  running.sandbox().post('/sandbox/dashboard/refunds', { of, amount });

interface Exceptions {
  readonly exceptions: readonly {
    readonly class: string;
    readonly gatewayObject: string;
    readonly paymentId?: string;
    readonly owner: string;
    readonly status: string;
  }[];
}
const exceptions = async () =>
  (await running.operator('reconciliation').get<Exceptions>('/v1/exceptions')).exceptions;

async function balanceOf(account: string): Promise<bigint> {
  const { rows } = await running
    .database('reconciliation')
    .query<{ sum: string }>(
      'select coalesce(sum(minor), 0) as sum from books.balances where account = $1',
      [account],
    );
  return BigInt(rows[0]?.sum ?? '0');
}

/** As the gateway counts, in whole seconds: what happens in the second of a payout need not be in it. */
const nextSecond = () => new Promise((resolve) => setTimeout(resolve, 1_100));

async function closed(payouts: readonly { readonly id: string }[]): Promise<void> {
  await eventually(
    'the statements close',
    async () => {
      const api = running.operator('reconciliation');
      const { statements } = await api.get<{ statements: { statement: string; status: string }[] }>(
        '/v1/statements',
      );
      return payouts.every(({ id }) =>
        statements.some(({ statement, status }) => statement === id && status === 'closed'),
      );
    },
    WITHIN,
  );
}

async function adopt(payment: string, orderId: string): Promise<void> {
  const publisher = createPublisher(running.kafka);
  const value = encode(OPERATIONS_COMMANDS, 'AdoptPayment', {
    service: 'payment-state',
    paymentId: payment,
    storefront: STOREFRONT,
    orderId,
    operator: 'ines',
    reason: 'paid by a link that support had sent',
  });
  const key = 'payment-state';
  const headers = commandHeaders('AdoptPayment');
  await publisher
    .publish(OPERATIONS_COMMANDS, [{ partition: partitionOf(key), key, value, headers }])
    .finally(() => publisher.close());
}

describe('money that the gateway moved by itself', () => {
  it('counts in our payment where it is ours: the rest can be refunded, more is refused, the statement closes', async () => {
    const payment = await sold('dashboard-refund', 2_000);
    await refundThere(await intentOf(payment), 500);
    await eventually(
      'the refund counts',
      async () => (await viewOf(payment)).amounts.refunded === '500',
      WITHIN,
    );
    const refund = (reference: string, minor: string) =>
      running.shop('intent').post(`/v1/payment-intents/${payment}/refunds`, {
        reference,
        amount: { minor, currency: 'EUR' },
      });
    await eventually('intent knows of it', () => isProjected(payment, '500'), WITHIN);
    const refused = await refund('too-much', '1501').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(HttpFailure);
    expect((refused as HttpFailure).body).toContain('amount_exceeds_captured');
    await refund('the-rest', '1500');
    await eventually(
      'everything is refunded',
      async () => (await viewOf(payment)).label === 'refunded',
      WITHIN,
    );
    expect((await viewOf(payment)).anomalies).toEqual([]);
    await eventually(
      'the ledger follows',
      async () => (await balanceOf(`payable:${STOREFRONT}`)) === 0n,
      WITHIN,
    );
    await nextSecond();
    const { payouts } = await payOut(running.sandbox(), ACCOUNT, []);
    await closed(payouts);
    expect(await exceptions()).toEqual([]);
  });

  it('is a payment found there where nobody asked us for it, finance’s until it is adopted', async () => {
    const own = await sold('link-paid', 1_000);
    const made = await running.sandbox().post<{ id: string }>('/sandbox/dashboard/payments', {
      account: ACCOUNT,
      amount: 4_200,
      currency: 'eur',
    });
    const found = foundPaymentId({ mode: 'test', account: ACCOUNT, object: made.id });
    await eventually(
      'it is found',
      async () => (await known(found))?.amounts.captured === '4200',
      WITHIN,
    );
    await refundThere(made.id, 200);
    await eventually(
      'its refund follows by itself',
      async () => (await viewOf(found)).amounts.refunded === '200',
      WITHIN,
    );
    await eventually(
      'the ledger has it as nobody’s',
      async () => (await balanceOf('payable:unassigned')) === -4_000n,
      WITHIN,
    );
    expect(await exceptions()).toMatchObject([
      { class: 'missing_internal', paymentId: found, owner: 'finance', status: 'open' },
    ]);

    await nextSecond();
    const { payouts, planted } = await payOut(running.sandbox(), ACCOUNT, ['missing_with_us']);
    await closed(payouts);
    const open = await exceptions();
    expect(open.map(({ class: name }) => name)).toEqual(['missing_internal', 'missing_internal']);
    expect(open.map(({ gatewayObject }) => gatewayObject).sort()).toEqual(
      [made.id, planted[0]?.object].sort(),
    );
    expect(await balanceOf('payable:unassigned')).toBe(-4_000n - 4_242n);

    await adopt(found, 'link-paid');
    await eventually(
      'the order has it',
      async () => (await viewOf(own)).amounts.captured === '5200',
      WITHIN,
    );
    expect(await viewOf(own)).toMatchObject({ amounts: { refunded: '200' } });
    expect(await viewOf(found)).toMatchObject({ amounts: { captured: '0', refunded: '0' } });
    for (const id of [own, found]) {
      expect((await viewOf(id)).adoptions).toMatchObject([{ into: own, operator: 'ines' }]);
    }
    await eventually(
      'its exception is resolved',
      async () =>
        (await exceptions()).some(
          ({ status, paymentId }) => status === 'resolved' && paymentId === found,
        ),
      WITHIN,
    );
    await eventually(
      'the ledger has moved it',
      async () =>
        (await balanceOf('payable:unassigned')) === -4_242n &&
        (await balanceOf(`payable:${STOREFRONT}`)) === -5_000n,
      WITHIN,
    );

    await refundThere(made.id, 100);
    await eventually(
      'what comes later follows the order',
      async () => (await viewOf(own)).amounts.refunded === '300',
      WITHIN,
    );
    await nextSecond();
    const next = await payOut(running.sandbox(), ACCOUNT, []);
    await closed(next.payouts);
    expect((await exceptions()).filter(({ status }) => status === 'open')).toHaveLength(1);
    expect(await openParked(running)).toEqual([]);
  });
});
