import { memoryLog } from '@paylog/event-sourcing';
import { type ConsumedMessage, inputOf, sourceOf } from '@paylog/kafka';
import { createLogger } from '@paylog/observability';
import { paymentOf } from '@paylog/payment-domain';
import { streamOf } from '../payment/payment-stream.js';
import { batchOf, captured, GROUP, message, operation, paymentOfOrder } from '../testing/facts.js';
import { FactsIngest } from './facts-ingest.js';

const payment = paymentOfOrder('order-1');
const messages = captured('order-1').map((fact, i) => message(payment, fact, BigInt(i)));
const first = messages.at(0)!;
const last = messages.at(-1)!;
const poison = (at: bigint, more: Partial<ConsumedMessage> = {}) =>
  message(payment, captured('order-1').at(0)!, at, { value: Buffer.from('{"cut'), ...more });

function start() {
  const log = memoryLog({ schema: 'payments', lanes: 8 });
  const facts = new FactsIngest(log, GROUP, createLogger('spec', { level: 'silent' }));
  const state = async () => paymentOf(streamOf(await log.readStream(payment)).facts);
  const offset = () => log.offset(sourceOf(GROUP, first.topic), first.partition);
  return { log, facts, state, offset };
}

describe('a batch of facts', () => {
  it('becomes events and moves the offset', async () => {
    const { facts, state, offset } = start();
    expect(await facts.take(batchOf(messages))).toBe('committed');
    expect(await state()).toMatchObject({ label: 'captured', held: false });
    expect(await offset()).toBe(5n);
  });

  it('delivered again leaves nothing, and is fenced', async () => {
    const { facts, log } = start();
    await facts.take(batchOf(messages));
    expect(await facts.take(batchOf(messages))).toBe('fenced');
    const again = messages.map((each, i) => ({ ...each, offset: BigInt(i + 5) }));
    expect(await facts.take(batchOf(again))).toBe('committed');
    expect(await log.readStream(payment)).toHaveLength(5);
  });

  it('of a zombie writes nothing at all', async () => {
    const { facts, log } = start();
    await log.append([], { input: { ...inputOf(GROUP, batchOf(messages)), to: 3n } });
    expect(await facts.take(batchOf(messages))).toBe('fenced');
    expect(await log.readStream(payment)).toEqual([]);
  });

  it('larger than a flush is written whole', async () => {
    const { facts, log } = start();
    const many = Array.from({ length: 256 }, (_, i) => ({
      ...operation(payment, 'capture', 'succeeded'),
      id: `fct${i}`,
      operation: `cap-${i}`,
      reason: 'x'.repeat(128),
    }));
    const batch = batchOf(many.map((fact, i) => message(payment, fact, BigInt(i))));
    expect(await facts.take(batch)).toBe('committed');
    expect(await log.readStream(payment)).toHaveLength(256);
  });
});

describe('poison in a batch', () => {
  it('is parked with a hold on its payment; its neighbours are facts', async () => {
    const { facts, log, state, offset } = start();
    const batch = batchOf([...messages.slice(0, 2), poison(2n), ...messages.slice(2).map(shifted)]);
    expect(await facts.take(batch)).toBe('committed');
    expect(await state()).toMatchObject({ label: 'captured', held: true });
    expect(await log.parked()).toMatchObject([{ stage: 'decode', key: payment, offset: 2n }]);
    expect(await offset()).toBe(6n);
  });

  it('whose key names no payment is parked all the same', async () => {
    const { facts, log } = start();
    expect(await facts.take(batchOf([poison(0n, { key: null })]))).toBe('committed');
    expect(await log.parked()).toMatchObject([{ key: null }]);
  });

  it('that tells of another payment what is told of one, under the same id, is parked, and nothing rests on it', async () => {
    const { facts, log, state } = start();
    await facts.take(batchOf(messages));
    const other = paymentOfOrder('order-2');
    const theirs = captured('order-2').map((fact, i) => message(other, fact, BigInt(i)));
    const copied = message(other, captured('order-1').at(-1)!, 1n);
    const [one, ...rest] = theirs;
    const batch = batchOf([one!, copied, ...rest.map(shifted)]);
    expect(await facts.take(batch)).toBe('committed');
    expect(await log.parked()).toMatchObject([{ key: other, offset: 1n, stage: 'handle' }]);
    const theirState = paymentOf(streamOf(await log.readStream(other)).facts);
    expect(theirState).toMatchObject({ label: 'captured', held: true });
    expect(await state()).toMatchObject({ label: 'captured', held: false });
  });

  it('that contradicts the log under one id is parked, not dropped', async () => {
    const { facts, log, state } = start();
    await facts.take(batchOf(messages));
    const fact = { ...captured('order-1').at(4)!, at: '2026-03-02T00:00:00.000Z' };
    await facts.take(batchOf([message(payment, fact, 5n)]));
    expect(await state()).toMatchObject({ label: 'captured', held: true });
    const error = expect.stringContaining('another content');
    expect(await log.parked()).toMatchObject([{ stage: 'handle', error }]);
  });

  it('that nobody gets past is parked by the consumer, with its hold', async () => {
    const { facts, log, state, offset } = start();
    const batch = batchOf([first]);
    expect(await facts.takePoison(first, new Error('no way'), batch)).toBe('committed');
    expect(await state()).toMatchObject({ held: true });
    expect(await log.parked()).toMatchObject([{ stage: 'handle', error: 'no way' }]);
    expect(await offset()).toBe(1n);
  });

  it('mended and replayed is applied, and its hold ends', async () => {
    const { facts, log, state } = start();
    const cut = { ...last, value: Buffer.from('{"cut') };
    await facts.take(batchOf([...messages.slice(0, 4), cut]));
    const row = (await log.parked()).at(0)!;
    await expect(facts.replay([row])).rejects.toThrow('is still not readable');
    await log.markReady(row.id, last.value!);
    // A crash before the answer: the same rows once more.
    const ready = await log.parked({ status: 'ready' });
    await facts.replay(ready);
    await facts.replay(ready);
    expect(await state()).toMatchObject({ label: 'captured', held: false });
    expect(await log.parked()).toEqual([]);
    expect(await log.readStream(payment)).toHaveLength(7);
  });

  it('discarded ends its hold in the same commit, once', async () => {
    const { facts, log, state } = start();
    await facts.take(batchOf([...messages, poison(5n)]));
    const row = (await log.parked()).at(0)!;
    const commanded = facts.commanded();
    expect(await commanded.discard(row.id)).toBe(true);
    expect(await commanded.discard(row.id)).toBe(false);
    expect(await commanded.discard('prk-unknown')).toBe(false);
    expect(await state()).toMatchObject({ held: false });
    expect(await log.parked()).toEqual([]);
  });

  it('beyond the first of its payment needs no hold of its own, and the last one settled ends it', async () => {
    const { facts, log, state } = start();
    await facts.take(batchOf([...messages, poison(5n), poison(6n)]));
    await facts.take(batchOf([poison(7n)]));
    expect(await log.readStream(payment)).toHaveLength(6);
    const [one, two, three] = await log.parked();
    const commanded = facts.commanded();
    // The one that brought the hold goes first: the others still need it.
    await commanded.discard(one!.id);
    await log.markReady(two!.id, first.value!);
    await facts.replay(await log.parked({ status: 'ready' }));
    expect(await state()).toMatchObject({ held: true });
    await commanded.discard(three!.id);
    expect(await state()).toMatchObject({ held: false });
    expect(await log.readStream(payment)).toHaveLength(7);
    await facts.take(batchOf([poison(8n)]));
    expect(await state()).toMatchObject({ held: true });
  });

  it('of another group, such as a command, holds and releases nothing', async () => {
    const { facts, log } = start();
    const source = 'payment-state.operations/operations.commands.v1';
    const parked = { id: 'prk9', kind: 'poison', source, partition: 0, offset: 0n } as const;
    const rest = { key: payment, value: null, headers: {}, stage: 'decode', error: 'no' };
    await log.append([], { parked: [{ ...parked, ...rest }] });
    expect(await facts.commanded().discard('prk9')).toBe(true);
    expect(await log.readStream(payment)).toEqual([]);
  });
});

const shifted = (each: ConsumedMessage) => ({ ...each, offset: each.offset + 1n });
