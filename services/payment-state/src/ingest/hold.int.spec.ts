import type { EventLog } from '@paylog/event-sourcing';
import { paymentOf } from '@paylog/payment-domain';
import { createLogger } from '@paylog/observability';
import { streamOf } from '../payment/payment-stream.js';
import { batchOf, GROUP, message, paymentOfOrder, terms } from '../testing/facts.js';
import { createTables, type Tables } from '../testing/tables.js';
import { FactsIngest } from './facts-ingest.js';

let tables: Tables;
let log: EventLog;

beforeAll(async () => {
  tables = await createTables();
  ({ log } = tables);
});

afterAll(() => tables.drop());

const logger = createLogger('spec', { level: 'silent' });

/** A payment of its own that one parked message holds, and another message that nobody can read. */
async function held(order: string) {
  const payment = paymentOfOrder(order);
  const facts = new FactsIngest(log, GROUP, logger);
  const next = await log.offset(`${GROUP}/payments.intents.v1`, 0);
  const poison = (at: bigint) =>
    message(payment, terms(order), at, { value: Buffer.from('{"cut') });
  const from = next ?? 0n;
  await facts.take(batchOf([poison(from)]));
  const [row] = await log.listParked({ key: payment, limit: 1 });
  const state = async () => paymentOf(streamOf(await log.readStream(payment)).facts);
  expect(await state()).toMatchObject({ held: true });
  return { facts, row: row!, batch: batchOf([poison(from + 1n)]), state };
}

/** Calls `first` when the other side has decided and is about to write. */
function beforeWriting(first: () => Promise<unknown>): EventLog {
  let called = false;
  const append: EventLog['append'] = async (appends, options = {}) => {
    if (!called && options.effects !== undefined) {
      called = true;
      await first();
    }
    return log.append(appends, options);
  };
  return {
    append,
    offset: (source: string, partition: number) => log.offset(source, partition),
    readStreams: (streams: readonly string[]) => log.readStreams(streams),
    parked: (filter: Parameters<EventLog['parked']>[0]) => log.parked(filter),
    listParked: (filter: Parameters<EventLog['listParked']>[0]) => log.listParked(filter),
  } as EventLog;
}

describe('the hold of a payment, while', () => {
  it('a message is parked and the one before it is discarded at the same time, stands', async () => {
    const { facts, row, batch, state } = await held('order-parked-late');
    const discarding = () => facts.commanded().discard(row.id);
    const late = new FactsIngest(beforeWriting(discarding), GROUP, logger);
    await expect(late.take(batch)).rejects.toMatchObject({ code: 'contention', transient: true });
    expect(await state()).toMatchObject({ held: false });
    expect(await late.take(batch)).toBe('committed');
    expect(await state()).toMatchObject({ held: true });
  });

  it('one is discarded and the next is parked at the same time, stands', async () => {
    const { facts, row, batch, state } = await held('order-discarded-late');
    const late = new FactsIngest(
      beforeWriting(() => facts.take(batch)),
      GROUP,
      logger,
    );
    const discarded = late.commanded().discard(row.id);
    await expect(discarded).rejects.toMatchObject({ code: 'contention', transient: true });
    expect(await late.commanded().discard(row.id)).toBe(true);
    expect(await state()).toMatchObject({ held: true });
    const [other] = await log.listParked({ key: row.key ?? '', limit: 1 });
    await late.commanded().discard(other!.id);
    expect(await state()).toMatchObject({ held: false });
  });
});
