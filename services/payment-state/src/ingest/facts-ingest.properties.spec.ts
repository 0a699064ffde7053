import { canonicalJson, toWirePayment } from '@paylog/contracts';
import { memoryLog } from '@paylog/event-sourcing';
import type { Batch, ConsumedMessage } from '@paylog/kafka';
import { createLogger } from '@paylog/observability';
import { type Fact, paymentOf } from '@paylog/payment-domain';
import fc from 'fast-check';
import { streamOf } from '../payment/payment-stream.js';
import { batchOf, captured, GROUP, message, operation, paymentOfOrder } from '../testing/facts.js';
import { FactsIngest } from './facts-ingest.js';

const ORDERS = ['order-1', 'order-2', 'order-3'];

const factsOf = (orderId: string): Fact[] => {
  const payment = paymentOfOrder(orderId);
  return [
    ...captured(orderId),
    operation(payment, 'capture', 'reversed'),
    operation(payment, 'refund', 'requested', 400),
    operation(payment, 'refund', 'succeeded', 400),
  ];
};

const told = ORDERS.flatMap((orderId) =>
  factsOf(orderId).map((fact) => ({ payment: paymentOfOrder(orderId), fact })),
);

/** Every fact at least once, some again, in any order, cut into batches anywhere. */
const deliveries = fc
  .tuple(
    fc.shuffledSubarray(told, { minLength: told.length }),
    fc.array(fc.constantFrom(...told), { maxLength: 20 }),
    fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }),
  )
  .chain(([all, again, cuts]) =>
    fc.record({
      order: fc.shuffledSubarray([...all, ...again], { minLength: all.length + again.length }),
      cuts: fc.constant(cuts),
    }),
  );

/** By partition, as Kafka would have them. */
function* batchesOf(order: typeof told, cuts: readonly number[]): Generator<Batch> {
  const partitions = new Map<number, ConsumedMessage[]>();
  for (const { payment, fact } of order) {
    const { partition } = message(payment, fact, 0n);
    const held = partitions.get(partition) ?? [];
    held.push(message(payment, fact, BigInt(held.length)));
    partitions.set(partition, held);
  }
  for (const held of partitions.values()) {
    for (let i = 0, at = 0; at < held.length; i++) {
      const size = cuts.at(i % cuts.length)!;
      yield batchOf(held.slice(at, at + size));
      at += size;
    }
  }
}

async function statesAfter(order: typeof told, cuts: readonly number[]): Promise<string[]> {
  const log = memoryLog({ schema: 'payments', lanes: 8 });
  const ingest = new FactsIngest(log, GROUP, createLogger('spec', { level: 'silent' }));
  for (const batch of batchesOf(order, cuts)) {
    expect(await ingest.take(batch)).toBe('committed');
  }
  const streams = await log.readStreams(ORDERS.map((orderId) => paymentOfOrder(orderId)));
  expect([...streams.values()].map((rows) => rows.length)).toEqual(ORDERS.map(() => 8));
  return ORDERS.map((orderId) => {
    const { facts } = streamOf(streams.get(paymentOfOrder(orderId)) ?? []);
    return canonicalJson(toWirePayment(paymentOf(facts)));
  });
}

describe('facts in any order, any number of times, in any batches', () => {
  it('end in the same states, with one event a fact', async () => {
    const expected = await statesAfter(told, [256]);
    await fc.assert(
      fc.asyncProperty(deliveries, async ({ order, cuts }) => {
        expect(await statesAfter(order, cuts)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
});
