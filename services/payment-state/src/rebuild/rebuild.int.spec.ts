import { openLanes, type EventLog } from '@paylog/event-sourcing';
import { openParts, type ServiceParts } from '@paylog/service';
import { createServiceDatabase, type ServiceDatabase } from '@paylog/testing';
import pg from 'pg';
import { MIGRATIONS } from '../migrations/index.js';
import type { ReportedFact } from '../payment/decide.js';
import { record } from '../payment/payment-book.js';
import { findPayment } from '../query/payments.sql.js';
import { captured, operation, paymentOfOrder } from '../testing/facts.js';
import { rebuildPayments } from './rebuild.js';

let database: ServiceDatabase;
let parts: ServiceParts;
let log: EventLog;
let owner: pg.Pool;

beforeAll(async () => {
  database = await createServiceDatabase('payment-state');
  parts = await openParts({
    name: 'payment-state',
    config: {
      instance: 'payment-state-1',
      databaseUrl: database.serviceUrl,
      databaseOwnerUrl: database.ownerUrl,
      brokers: ['127.0.0.1:1'],
    },
    migrations: MIGRATIONS,
  });
  log = await parts.openLog('payments');
  owner = new pg.Pool({ connectionString: database.ownerUrl });
  await openLanes(owner, 'payments');
  for (let i = 0; i < 40; i++) await record(log, reports(`order-${i}`), {});
});

afterAll(async () => {
  await owner.end();
  await parts.pool.end();
  await database.drop();
});

const reports = (orderId: string): ReportedFact[] =>
  captured(orderId).map((fact) => ({ paymentId: paymentOfOrder(orderId), fact }));

const fromPostgres = (swap = false) => rebuildPayments({ pool: owner, log, swap });

const tamper = (orderId: string) =>
  owner.query(`update query.payments set label = 'voided' where payment_id = $1`, [
    paymentOfOrder(orderId),
  ]);

describe('rebuild', () => {
  it('finds the live read model equal, and swaps it', async () => {
    const result = await fromPostgres();
    expect(result).toMatchObject({ payments: 40, events: 200, equal: true, swapped: true });
    expect(result.digests.log).toBe(result.digests.projection);
    const printed = 'payments events equal swapped digests differing differences';
    expect(Object.keys(result).join(' ')).toBe(printed);
    const row = await findPayment(parts.pool, paymentOfOrder('order-7'));
    expect(row).toMatchObject({ version: 5, storefront: 'shop', state: { label: 'captured' } });
  });

  it('names the payments that differ and leaves the read model alone', async () => {
    await tamper('order-3');
    await owner.query('delete from query.payments where payment_id = $1', [
      paymentOfOrder('order-4'),
    ]);
    await owner.query(
      `insert into query.payments (payment_id, version, label, final, state) values ('pay-ghost', 1, 'voided', true, '{}')`,
    );
    const result = await fromPostgres();
    expect(result).toMatchObject({ equal: false, swapped: false, differing: 3 });
    expect(new Map(result.differences.map((each) => [each.paymentId, each.found]))).toEqual(
      new Map([
        [paymentOfOrder('order-3'), 'another state'],
        [paymentOfOrder('order-4'), 'only in the log'],
        ['pay-ghost', 'only in the projection'],
      ]),
    );
    expect(await findPayment(parts.pool, 'pay-ghost')).toBeDefined();
  });

  it('mends them with --swap', async () => {
    expect(await fromPostgres(true)).toMatchObject({ equal: false, swapped: true });
    expect(await fromPostgres()).toMatchObject({ equal: true, differing: 0 });
    expect(await findPayment(parts.pool, 'pay-ghost')).toBeUndefined();
  });

  it('runs while facts come in, loses none and holds the service up for no one', async () => {
    let going = true;
    let written = 0;
    const writing = (async () => {
      for (; going; written++) await record(log, reports(`late-${written}`), {});
    })();
    try {
      for (let round = 0; round < 3; round++) {
        expect(await fromPostgres()).toMatchObject({ equal: true, swapped: true });
      }
    } finally {
      going = false;
      await writing;
    }
    await record(log, [refundOf('order-9')], {});
    expect(written).toBeGreaterThan(0);
    const result = await fromPostgres();
    expect(result).toMatchObject({ equal: true, payments: 40 + written });
    expect((await findPayment(parts.pool, paymentOfOrder('order-9')))?.state.label).toBe(
      'refunded',
    );
  });
});

const refundOf = (orderId: string): ReportedFact => {
  const paymentId = paymentOfOrder(orderId);
  return { paymentId, fact: operation(paymentId, 'refund', 'succeeded') };
};
