import { partitionOf, PAYMENTS_EVENTS } from '@paylog/contracts';
import type { ConsumedMessage } from '@paylog/kafka';
import { batchOf, captured, eventMessages, operation, paymentOf } from '../testing/payments.js';
import { type Running, run } from '../testing/running.js';

let running: Running;
beforeAll(async () => {
  running = await run();
});
afterAll(() => running.stop());

/** Orders whose payments live in this partition. */
const ordersIn = (partition: number, count: number): string[] =>
  Array.from({ length: 20 * count }, (_, i) => `order-${i}`)
    .filter((orderId) => partitionOf(paymentOf(orderId)) === partition)
    .slice(0, count);

describe('telling customers', () => {
  it('tells everything of a batch, more than one flush takes, and nothing of its repetition', async () => {
    const orders = ordersIn(2, 128);
    const messages = orders.flatMap((orderId) => {
      const payment = paymentOf(orderId);
      const refund = operation(payment, 'refund', 'succeeded', 1000);
      return eventMessages(payment, [...captured(orderId), refund]).slice(2);
    });
    // Three things about the first payment, so that there is more to tell than a flush takes.
    const first = paymentOf(orders.at(0)!);
    const more = eventMessages(first, [
      ...captured(orders.at(0)!),
      operation(first, 'refund', 'succeeded', 300),
    ]).slice(3);
    const batch = batchOf(at([...messages, ...more]));
    expect(await running.notifier.take(batch)).toBe('committed');
    expect(await running.told(first)).toEqual(['payment_received', 'refund_sent', 'refund_sent']);
    for (const orderId of orders.slice(1)) {
      expect(await running.told(paymentOf(orderId))).toEqual(['payment_received', 'refund_sent']);
    }
    expect(await running.notifier.take(batch)).toBe('fenced');
    const again = batchOf(at(batch.messages, batch.to));
    expect(await running.notifier.take(again)).toBe('committed');
    expect((await running.notifications.heads()).at(2)?.next).toBe(257n);
  });

  it('tells of a release once, from our own log', async () => {
    const payment = paymentOf('order-released');
    const messages = at(eventMessages(payment, captured('order-released')));
    await running.knowledge.takeEvents(batchOf(messages));
    await running.decideAll();
    const lane = partitionOf(payment);
    const rows = await running.log.readLane(lane, 0n, 10);
    const input = { source: 'log:fulfillment', partition: lane, from: 0n, to: 1n };
    expect(await running.notifier.follow({ lane, rows, input })).toBe('committed');
    expect(await running.notifier.follow({ lane, rows, input })).toBe('fenced');
    expect(await running.told(payment)).toEqual(['order_released']);
  });

  it('parks what it can’t read; mended it is told', async () => {
    const payment = paymentOf('order-mended');
    const taken = eventMessages(payment, captured('order-mended')).at(2)!;
    const bad = { ...taken, value: Buffer.from('{'), offset: 10_000n };
    const batch = batchOf([bad]);
    const source = `fulfillment.notifications/${PAYMENTS_EVENTS}`;
    const { partition } = bad;
    const from = (await running.notifications.offset(source, partition)) ?? 0n;
    expect(await running.notifier.take({ ...batch, from })).toBe('committed');
    const row = (await running.notifications.parked()).at(0)!;
    await expect(running.notifier.replay([row])).rejects.toThrow('still not readable');
    await running.notifier.replay([{ ...row, mended: taken.value }]);
    expect(await running.told(payment)).toEqual(['payment_received']);
    expect(await running.notifications.parked()).toEqual([]);
  });
});

const at = (messages: readonly ConsumedMessage[], from = 0n): ConsumedMessage[] =>
  messages.map((message, i) => ({ ...message, offset: from + BigInt(i) }));
