import { factId } from '@paylog/contracts';
import type { EventLog } from '@paylog/event-sourcing';
import type { ConsumedMessage } from '@paylog/kafka';
import type { Fact } from '@paylog/payment-domain';
import fc from 'fast-check';
import { countDecisions } from '../query/releases.sql.js';
import {
  batchOf,
  cancellation,
  captured,
  eventMessages,
  operation,
  paymentOf,
  terms,
} from '../testing/payments.js';
import { type Running, run } from '../testing/running.js';
import { Releases } from './releases.js';

let running: Running;
beforeAll(async () => {
  running = await run();
});
afterAll(() => running.stop());

/** Each batch at the next offset of its partition, whatever it holds. */
const offsets = new Map<string, bigint>();
function placed(message: ConsumedMessage): ConsumedMessage {
  const place = `${message.topic}/${message.partition}`;
  const offset = offsets.get(place) ?? 0n;
  offsets.set(place, offset + 1n);
  return { ...message, offset };
}

const tell = async (...messages: readonly ConsumedMessage[]) => {
  for (const message of messages) {
    expect(await running.knowledge.takeEvents(batchOf([placed(message)]))).toBe('committed');
  }
};
const cancel = (orderId: string, more: Partial<ConsumedMessage> = {}) =>
  running.knowledge.takeIntents(batchOf([placed({ ...cancellation(orderId), ...more })]));

const RELEASED = 'FulfillmentReleased payment_captured';

describe('goods', () => {
  it('are released after capture, once, however often they are looked at', async () => {
    const payment = paymentOf('plain');
    const [agreed, authorized, taken] = eventMessages(payment, captured('plain'));
    await tell(agreed!, authorized!);
    await running.decideAll();
    expect(await running.decisions(payment)).toEqual([]);
    await tell(taken!, authorized!, taken!);
    await running.decideAll(
      running.releases,
      new Releases(running.parts.pool, running.log, running.parts.logger),
    );
    expect(await running.decisions(payment)).toEqual([RELEASED]);
  });

  it('of one order are released once, though two attempts were paid; the second is held and said so', async () => {
    const [first, second] = [paymentOf('twice'), paymentOf('twice', 2)];
    await tell(...eventMessages(first, captured('twice')));
    await tell(...eventMessages(second, captured('twice', 2)));
    await running.decideAll();
    await tell(
      ...eventMessages(second, [...captured('twice', 2), operation(second, 'refund', 'pending')]),
    );
    await running.decideAll();
    const all = [...(await running.decisions(first)), ...(await running.decisions(second))];
    expect(all.sort()).toEqual(['FulfillmentHeld order_released_already', RELEASED]);
  });

  it('go in parts where the terms say so: each captured part once, also when all are looked at again', async () => {
    const payment = paymentOf('in-parts');
    const inParts = { ...terms('in-parts'), shipping: 'parts' } as Fact;
    const won = operation(payment, 'authorization', 'succeeded');
    const first = operation(payment, 'capture', 'succeeded', 400, 'first');
    const second = operation(payment, 'capture', 'succeeded', 600, 'second');
    const events = eventMessages(payment, [inParts, won, first, second]);
    await tell(...events.slice(0, 3));
    await running.decideAll();
    expect(await running.decisions(payment)).toEqual(['FulfillmentReleased part_captured']);
    await tell(...events);
    await running.decideAll();
    const released = await running.log.readStream(payment);
    expect(released.map(({ type }) => type)).toEqual([
      'FulfillmentReleased',
      'FulfillmentReleased',
    ]);
    const parts = released.map(({ data }) => JSON.parse(data.toString()) as { part: string });
    expect(new Set(parts.map(({ part }) => part)).size).toBe(2);
  });

  it('are not released once the order is cancelled, and called back when it comes too late', async () => {
    const [early, late] = [paymentOf('early'), paymentOf('late')];
    expect(await cancel('early')).toBe('committed');
    await tell(
      ...eventMessages(early, captured('early')),
      ...eventMessages(late, captured('late')),
    );
    await running.decideAll();
    expect(await running.decisions(early)).toEqual(['FulfillmentCancelled order_cancelled']);
    await cancel('late');
    await cancel('late');
    await running.decideAll();
    expect(await running.decisions(late)).toEqual([
      RELEASED,
      'FulfillmentRecalled order_cancelled',
    ]);
  });

  it('wait while a cancellation lies unread here; mended it counts', async () => {
    const payment = paymentOf('parked');
    await cancel('parked', { value: Buffer.from('{"cut') });
    await tell(...eventMessages(payment, captured('parked')));
    await running.decideAll();
    expect(await running.decisions(payment)).toEqual(['FulfillmentHeld message_parked']);
    const row = (await running.log.parked()).find(({ key }) => key === payment)!;
    await expect(running.knowledge.replay([row])).rejects.toThrow('still not readable');
    await running.knowledge.replay([{ ...row, mended: cancellation('parked').value }]);
    await running.decideAll();
    expect((await running.decisions(payment)).at(-1)).toBe('FulfillmentCancelled order_cancelled');
  });

  it('go when what was parked is discarded', async () => {
    const payment = paymentOf('discarded');
    await tell(...eventMessages(payment, captured('discarded')));
    const batch = batchOf([placed(cancellation('discarded'))]);
    await running.knowledge.takePoison(batch.messages.at(0)!, new Error('no way'), batch);
    await running.decideAll();
    expect(await running.decisions(payment)).toEqual(['FulfillmentHeld message_parked']);
    const row = (await running.log.parked()).find(({ key }) => key === payment)!;
    const commanded = running.knowledge.commanded();
    expect(await commanded.discard(row.id)).toBe(true);
    expect(await commanded.discard(row.id)).toBe(false);
    await running.decideAll();
    expect((await running.decisions(payment)).at(-1)).toBe(RELEASED);
  });

  it('are decided once when the process dies before it knows of its decision', async () => {
    const payment = paymentOf('crashed');
    await tell(...eventMessages(payment, captured('crashed')));
    const dying: Pick<EventLog, 'append'> = {
      append: async (appends, options) => {
        await running.log.append(appends, options);
        throw new Error('died');
      },
    };
    const replica = new Releases(running.parts.pool, dying as EventLog, running.parts.logger);
    await expect(replica.round()).rejects.toThrow('died');
    expect(await running.decisions(payment)).toEqual([RELEASED]);
    await running.decideAll();
    expect(await running.decisions(payment)).toEqual([RELEASED]);
  });

  it('need one commit: the decision, and that nothing new is known about them', async () => {
    const payment = paymentOf('at-once');
    await tell(...eventMessages(payment, captured('at-once')));
    let appends = 0;
    const counted: Pick<EventLog, 'append'> = {
      append: (...given) => ((appends += 1), running.log.append(...given)),
    };
    const replica = new Releases(running.parts.pool, counted as EventLog, running.parts.logger);
    expect(await replica.round()).toBe(false);
    expect(await replica.round()).toBe(false);
    expect(appends).toBe(1);
    expect(await running.decisions(payment)).toEqual([RELEASED]);
  });

  it('are looked at again when news came while they were decided', async () => {
    const payment = paymentOf('overtaken');
    await tell(...eventMessages(payment, captured('overtaken')));
    let cancelled = false;
    const overtaken: Pick<EventLog, 'append'> = {
      append: async (...given) => {
        if (!cancelled) await cancel('overtaken');
        cancelled = true;
        return running.log.append(...given);
      },
    };
    const replica = new Releases(running.parts.pool, overtaken as EventLog, running.parts.logger);
    await replica.round();
    expect(await running.decisions(payment)).toEqual([RELEASED]);
    await running.decideAll();
    expect((await running.decisions(payment)).at(-1)).toBe('FulfillmentRecalled order_cancelled');
  });

  it('of others go though one payment can’t be decided about', async () => {
    const [broken, sound] = [paymentOf('broken'), paymentOf('sound')];
    await tell(
      ...eventMessages(broken, captured('broken')),
      ...eventMessages(sound, captured('sound')),
    );
    await running.parts.pool.query(
      `update knowledge set state = '{"terms":1}', revision = revision + 1 where payment_id = $1`,
      [broken],
    );
    await running.decideAll();
    expect(await running.decisions(sound)).toEqual([RELEASED]);
    expect(await running.decisions(broken)).toEqual([]);
  });

  it('end the same for any order and repetition of the news, released at most once an order', async () => {
    let order = 0;
    const news = fc.record({
      shuffle: fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 0, 2, 4, 3], { minLength: 10 }),
      cancelled: fc.boolean(),
      looks: fc.subarray([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    });
    await fc.assert(
      fc.asyncProperty(news, async ({ shuffle, cancelled, looks }) => {
        const orderId = `any-${order++}`;
        const payments = [paymentOf(orderId), paymentOf(orderId, 2)];
        const events = payments.flatMap((payment, i) =>
          eventMessages(payment, captured(orderId, i + 1)),
        );
        const other = new Releases(running.parts.pool, running.log, running.parts.logger);
        if (cancelled) await cancel(orderId);
        for (const [i, at] of shuffle.entries()) {
          await tell(events.at(at)!);
          if (looks.includes(i)) await running.decideAll(running.releases, other);
        }
        await running.decideAll(running.releases, other);
        const [first, second] = await Promise.all(payments.map(running.decisions));
        // The order is cancelled by its first attempt; the second is another payment.
        const all = [...first!, ...second!].sort();
        expect(all.filter((each) => each === RELEASED)).toHaveLength(1);
        if (cancelled) expect(first).toEqual(['FulfillmentCancelled order_cancelled']);
        else expect(all).toEqual(['FulfillmentHeld order_released_already', RELEASED]);
      }),
      { numRuns: 12 },
    );
    expect((await countDecisions(running.parts.pool)).releasedTwice).toBe(0);
  });

  it('are not learnt about twice from a batch, and a zombie learns nothing', async () => {
    const messages = eventMessages(paymentOf('zombie'), captured('zombie')).map(placed);
    expect(await running.knowledge.takeEvents(batchOf(messages))).toBe('committed');
    expect(await running.knowledge.takeEvents(batchOf(messages))).toBe('fenced');
    await running.decideAll();
    expect((await running.log.readStream(paymentOf('zombie'))).at(0)?.id).toBe(
      factId('fulfillment', 'released:shop:zombie:all', paymentOf('zombie')),
    );
  });
});
