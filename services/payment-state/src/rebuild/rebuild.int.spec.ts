import type { EventLog } from '@paylog/event-sourcing';
import pg from 'pg';
import type { ReportedFact } from '../payment/decide.js';
import { record } from '../payment/payment-book.js';
import { findPayment } from '../query/payments.sql.js';
import { captured, operation, paymentOfOrder } from '../testing/facts.js';
import { createTables, type Tables } from '../testing/tables.js';
import { rebuildPayments } from './rebuild.js';

let tables: Tables;
let log: EventLog;
let owner: pg.Pool;

beforeAll(async () => {
  tables = await createTables();
  ({ log } = tables);
  owner = new pg.Pool({ connectionString: tables.database.ownerUrl });
  for (let i = 0; i < 40; i++) await record(log, reports(`order-${i}`), {});
});

afterAll(async () => {
  await owner.end();
  await tables.drop();
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
    const row = await findPayment(tables.parts.pool, paymentOfOrder('order-7'));
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
    expect(await findPayment(tables.parts.pool, 'pay-ghost')).toBeDefined();
  });

  it('mends them with --swap', async () => {
    expect(await fromPostgres(true)).toMatchObject({ equal: false, swapped: true });
    expect(await fromPostgres()).toMatchObject({ equal: true, differing: 0 });
    expect(await findPayment(tables.parts.pool, 'pay-ghost')).toBeUndefined();
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
    expect((await findPayment(tables.parts.pool, paymentOfOrder('order-9')))?.state.label).toBe(
      'refunded',
    );
  });
});

const refundOf = (orderId: string): ReportedFact => {
  const paymentId = paymentOfOrder(orderId);
  return { paymentId, fact: operation(paymentId, 'refund', 'succeeded') };
};
