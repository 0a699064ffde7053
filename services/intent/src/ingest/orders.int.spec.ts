import { eventually } from '@paylog/testing';
import { FakeGateway } from '../testing/fake-gateway.js';
import { batch, message, openBench, paymentOf, type Bench } from '../testing/intent-bench.js';
import { sweepEarly } from './replay.js';
import { createLogger } from '@paylog/observability';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

const placed = (orderId: string, more: object = {}) => ({
  storefront: 'shop',
  orderId,
  amount: { minor: '1000', currency: 'EUR' },
  paymentMethod: 'pm_card_visa',
  ...more,
});
const typesOf = async (orderId: string, attempt = 1) =>
  (await bench.log.readStream(paymentOf(orderId, attempt))).map(({ type }) => type);
const logger = createLogger('intent-spec', { level: 'silent' });

describe('messages of a storefront', () => {
  it('are accepted once, and a redelivery leaves nothing', async () => {
    const messages = [
      message(0n, 'OrderPlaced', placed('a')),
      message(1n, 'OrderPlaced', placed('b')),
    ];
    expect(await bench.orders.onBatch(batch(messages))).toBe('committed');
    expect(await typesOf('a')).toEqual(['IntentAccepted', 'FactRecorded', 'FactRecorded']);
    expect(await bench.orders.onBatch(batch(messages))).toBe('fenced');
    // Without the offset (a restored database) the keys still know.
    const again = batch(messages.map((one) => ({ ...one, partition: 1 })));
    expect(await bench.orders.onBatch({ ...again, partition: 1 })).toBe('committed');
    expect(await typesOf('a')).toHaveLength(3);
    expect(await bench.count('orders')).toBe(2);
  });

  it('with a bad field are parked with its path, and refused aloud', async () => {
    const bad = placed('bad', { amount: { minor: '12.5', currency: 'EUR' } });
    await bench.orders.onBatch(
      batch([message(0n, 'OrderPlaced', bad), message(1n, 'OrderPlaced', '{')]),
    );
    const parked = await bench.log.parked({ kind: 'poison' });
    expect(parked.map(({ error }) => error).sort()).toEqual([
      expect.stringContaining('OrderPlaced: amount.minor'),
      'OrderPlaced: the message is not valid JSON',
    ]);
    const [refused] = await bench.log.readStream(paymentOf('bad'));
    expect(JSON.parse(String(refused?.data))).toMatchObject({
      requestId: 'event-0',
      field: 'amount.minor',
      reason: 'field_invalid',
      operation: 'authorization',
    });
  });

  it('mended by an operator are applied, and their row is settled', async () => {
    const bad = placed('mended', { amount: { minor: '12.5', currency: 'EUR' } });
    await bench.orders.onBatch(batch([message(0n, 'OrderPlaced', bad)]));
    const [row] = await bench.log.parked({ kind: 'poison' });
    const mended = message(0n, 'OrderPlaced', placed('mended'));
    await expect(
      bench.orders.onParked(message(0n, 'OrderPlaced', bad), row?.id ?? ''),
    ).rejects.toThrow('amount.minor');
    expect(await bench.orders.onParked(mended, row?.id ?? '')).toBe(true);
    expect(await typesOf('mended')).toEqual([
      'IntentRefused',
      'IntentAccepted',
      'FactRecorded',
      'FactRecorded',
    ]);
    expect(await bench.log.parked()).toEqual([]);
  });

  it('of a foreign storefront, or with a card number, are parked and nobody is told', async () => {
    const foreign = placed('f', { storefront: 'other' });
    const card = placed('4242424242424242');
    await bench.orders.onBatch(
      batch([message(0n, 'OrderPlaced', foreign), message(1n, 'OrderPlaced', card)]),
    );
    const parked = await bench.log.parked({ kind: 'poison' });
    expect(parked).toHaveLength(2);
    expect(parked.map(({ value }) => value?.toString()).join()).not.toContain('4242424242424242');
    expect(await bench.count('intents.rows')).toBe(0);
  });

  it('with another amount conflict, and a ce_id that was used before is no request', async () => {
    await bench.orders.onBatch(batch([message(0n, 'OrderPlaced', placed('c'))]));
    const dearer = placed('c', { amount: { minor: '2000', currency: 'EUR' } });
    const reused = message(2n, 'OrderPlaced', placed('d'), 'event-0');
    await bench.orders.onBatch(batch([message(1n, 'OrderPlaced', dearer), reused]));
    expect((await typesOf('c')).at(-1)).toBe('IntentConflicted');
    expect(await typesOf('d')).toEqual([]);
    const [parked] = await bench.log.parked({ kind: 'poison' });
    expect(parked?.error).toContain('ce_id was used before');
  });

  it('build on each other within a batch: placed and cancelled at once is never called for', async () => {
    const gateway = new FakeGateway();
    const cancelled = { storefront: 'shop', orderId: 'e', reason: 'changed mind' };
    await bench.orders.onBatch(
      batch([message(0n, 'OrderPlaced', placed('e')), message(1n, 'OrderCancelled', cancelled)]),
    );
    bench.startWorker(gateway);
    const payment = await eventually('closed', async () => {
      const { intent } = await bench.known(paymentOf('e'));
      return intent.payment.final && intent.payment;
    });
    expect(payment.label).toBe('canceled');
    expect(gateway.calls).toEqual([]);
  });

  it('that come too early wait, and are judged when their time has come', async () => {
    const method = { paymentMethod: 'pm_card_authenticationRequired', captureMode: 'manual' };
    const gateway = new FakeGateway();
    bench.startWorker(gateway);
    await bench.orders.onBatch(batch([message(0n, 'OrderPlaced', placed('g', method))]));
    await eventually('asked', async () => gateway.containers.length === 1);
    const ready = { storefront: 'shop', orderId: 'g', attempt: 1, reference: 'parcel' };
    const second = placed('g', { attempt: 2 });
    await bench.orders.onBatch(
      batch([message(1n, 'OrderReadyToShip', ready), message(2n, 'OrderPlaced', second)]),
    );
    expect(await bench.log.parked({ kind: 'unresolved' })).toHaveLength(2);
    await eventually('both judged', async () => {
      await sweepEarly(bench.log, bench.orders, logger);
      return (await bench.log.parked()).length === 0;
    });
    // The first attempt was closed for the second one, so its goods can't be captured any more.
    expect(await typesOf('g')).toContain('IntentRefused');
    await eventually(
      'the second is captured',
      async () => gateway.containers[1]?.captured === 1000n,
    );
    expect(gateway.containers[0]?.status).toBe('canceled');
  });

  it('cancel after capture: the rest is refunded', async () => {
    const gateway = new FakeGateway();
    bench.startWorker(gateway);
    await bench.orders.onBatch(batch([message(0n, 'OrderPlaced', placed('h'))]));
    await eventually('captured', async () => gateway.containers[0]?.captured === 1000n);
    const refund = {
      storefront: 'shop',
      orderId: 'h',
      reference: 'r1',
      amount: { minor: '300', currency: 'EUR' },
    };
    const cancelled = { storefront: 'shop', orderId: 'h' };
    await eventually(
      'own answer stored',
      async () => (await bench.known(paymentOf('h'))).intent.payment.amounts.captured === 1000n,
    );
    await bench.orders.onBatch(
      batch([message(1n, 'RefundRequested', refund), message(2n, 'OrderCancelled', cancelled)]),
    );
    await eventually('all of it', async () => gateway.refundedOf('pi_1') === 1000n);
    expect(gateway.refunds.map((one) => one.refund.amount.minor)).toEqual([300n, 700n]);
  });

  it('cancel an order whose next attempt still waits: that one is not begun any more', async () => {
    const card = { paymentMethod: 'pm_card_authenticationRequired' };
    const gateway = new FakeGateway();
    bench.startWorker(gateway);
    await bench.orders.onBatch(
      batch([
        message(0n, 'OrderPlaced', placed('i', card)),
        message(1n, 'OrderPlaced', placed('j', card)),
      ]),
    );
    await eventually('asked', async () => gateway.containers.length === 2);
    const cancelled = (orderId: string) => ({ storefront: 'shop', orderId });
    // In one batch, and in two.
    await bench.orders.onBatch(
      batch([
        message(2n, 'OrderPlaced', placed('i', { attempt: 2 })),
        message(3n, 'OrderCancelled', cancelled('i')),
        message(4n, 'OrderPlaced', placed('j', { attempt: 2 })),
      ]),
    );
    await bench.orders.onBatch(batch([message(5n, 'OrderCancelled', cancelled('j'))]));
    await eventually('both judged', async () => {
      await sweepEarly(bench.log, bench.orders, logger);
      return (await bench.log.parked()).length === 0;
    });
    for (const orderId of ['i', 'j']) {
      expect(await typesOf(orderId, 2)).toEqual(['OrderMessageAccepted', 'IntentRefused']);
    }
    await eventually('both closed', async () =>
      gateway.containers.every(({ status }) => status === 'canceled'),
    );
    expect(gateway.containers).toHaveLength(2);
  });

  it('with a ce_id that another message of the same order used are parked, not dropped', async () => {
    await bench.orders.onBatch(batch([message(0n, 'OrderPlaced', placed('k'), 'k')]));
    const cancelled = { storefront: 'shop', orderId: 'k' };
    await bench.orders.onBatch(batch([message(1n, 'OrderCancelled', cancelled, 'k')]));
    const [parked] = await bench.log.parked({ kind: 'poison' });
    expect(parked?.error).toContain('ce_id was used before');
  });
});
