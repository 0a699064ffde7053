import { FULFILLMENT_EVENTS, GATEWAY_NOTIFICATIONS, GROUPS } from '@paylog/contracts';
import type { EventLog } from '@paylog/event-sourcing';
import type { ConsumedMessage } from '@paylog/kafka';
import { createLogger } from '@paylog/observability';
import type { ServiceParts } from '@paylog/service';
import pg from 'pg';
import { batchOf, operation, paymentOfOrder } from '../testing/facts.js';
import { decision, notification } from '../testing/proofs.js';
import { createTables, type Tables } from '../testing/tables.js';
import { ProofsIngest } from './proofs-ingest.js';

const GROUP = GROUPS.paymentStateProofs.group;
const logger = createLogger('spec', { level: 'silent' });

let tables: Tables;
let parts: ServiceParts;
let log: EventLog;
let proofs: ProofsIngest;

beforeAll(async () => {
  tables = await createTables();
  ({ parts, log } = tables);
  proofs = new ProofsIngest(log, GROUP, logger);
});

afterAll(() => tables.drop());

/** The next batch of the topic, as the group's stored offset has it. */
async function next(messages: readonly ConsumedMessage[]) {
  const [{ topic, partition } = messages[0]!] = messages;
  const from = (await log.offset(`${GROUP}/${topic}`, partition)) ?? 0n;
  return batchOf(messages.map((each, i) => ({ ...each, offset: from + BigInt(i) })));
}

async function kept(payment: string): Promise<string[]> {
  const { rows } = await parts.pool.query<{ type: string }>(
    'select type from proofs.messages where payment_id = $1 order by type',
    [payment],
  );
  return rows.map(({ type }) => type);
}

describe('keeping what vouches for payments', () => {
  it.each([
    ['the webhook first', [GATEWAY_NOTIFICATIONS, FULFILLMENT_EVENTS]],
    ['the decision first', [FULFILLMENT_EVENTS, GATEWAY_NOTIFICATIONS]],
  ])('takes both topics, %s, and each message once however often it comes', async (name, order) => {
    const payment = paymentOfOrder(name);
    const told = ['authorization', 'capture'] as const;
    const messages = new Map([
      [
        GATEWAY_NOTIFICATIONS as string,
        told.map((kind) => notification(payment, operation(payment, kind, 'succeeded'))),
      ],
      [FULFILLMENT_EVENTS, [decision(payment, name, 'FulfillmentReleased', 'paid')]],
    ]);
    for (const topic of [...order, ...order]) {
      const own = messages.get(topic)!;
      expect(await proofs.take(await next([...own, own[0]!]))).toBe('committed');
    }
    expect(await kept(payment)).toEqual([
      'AuthorizationSucceeded',
      'CaptureSucceeded',
      'FulfillmentReleased',
    ]);
  });

  it('goes on where it was after a restart, and writes nothing where another process was faster', async () => {
    const payment = paymentOfOrder('order-restarted');
    const first = await next([decision(payment, 'order-restarted', 'FulfillmentHeld', 'review')]);
    expect(await proofs.take(first)).toBe('committed');
    const restarted = new ProofsIngest(await parts.openLog('payments'), GROUP, logger);
    expect(await log.offset(`${GROUP}/${FULFILLMENT_EVENTS}`, first.partition)).toBe(first.to);
    const released = decision(payment, 'order-restarted', 'FulfillmentReleased', 'paid');
    const zombie = { ...first, messages: [released] };
    expect(await restarted.take(zombie)).toBe('fenced');
    expect(await kept(payment)).toEqual(['FulfillmentHeld']);
    expect(await restarted.take(await next([released]))).toBe('committed');
    expect(await kept(payment)).toEqual(['FulfillmentHeld', 'FulfillmentReleased']);
  });

  it('parks what it can’t read without a hold, keeps its neighbours, and keeps it when it is mended', async () => {
    const payment = paymentOfOrder('order-mended');
    const released = decision(payment, 'order-mended', 'FulfillmentReleased', 'paid');
    const told = notification(payment, operation(payment, 'capture', 'succeeded'));
    expect(await proofs.take(await next([{ ...told, value: Buffer.from('{') }, told]))).toBe(
      'committed',
    );
    expect(await proofs.take(await next([{ ...released, value: null }]))).toBe('committed');
    expect(await kept(payment)).toEqual(['CaptureSucceeded']);
    expect(await log.readStream(payment)).toEqual([]);
    const rows = (await log.parked()).filter(({ key }) => key === payment);
    expect(rows.map(({ stage }) => stage)).toEqual(['decode', 'decode']);
    const row = rows.find(({ source }) => source === `${GROUP}/${FULFILLMENT_EVENTS}`)!;
    await expect(proofs.replay([row])).rejects.toThrow('still not readable');
    await proofs.replay([{ ...row, mended: released.value }]);
    expect(await kept(payment)).toEqual(['CaptureSucceeded', 'FulfillmentReleased']);
    expect((await log.parked({ id: row.id })).length).toBe(0);
  });

  it('refuses to change or forget anything', async () => {
    const owner = new pg.Client({ connectionString: tables.database.ownerUrl });
    await owner.connect();
    for (const sql of [
      `update proofs.messages set detail = '{}'`,
      'delete from proofs.messages',
      'truncate proofs.messages',
    ]) {
      await expect(parts.pool.query(sql)).rejects.toMatchObject({ code: '42501' });
      await expect(owner.query(sql)).rejects.toMatchObject({ code: '42501' });
    }
    await owner.end();
  });
});
