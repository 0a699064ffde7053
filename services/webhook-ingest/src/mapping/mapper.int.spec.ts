import {
  factId,
  GROUPS,
  partitionOf,
  PAYMENTS_INTENTS,
  stableId,
  toWireFact,
} from '@paylog/contracts';
import { type EventLog, LogFault } from '@paylog/event-sourcing';
import type { Batch } from '@paylog/kafka';
import type { Fact } from '@paylog/payment-domain';
import { eventually } from '@paylog/testing';
import type { Pool } from 'pg';
import { type Running, run } from '../testing/running.js';
import { bytes, event, paid, PAYMENT, refunded } from '../testing/stripe.js';
import { Mapper } from './mapper.js';

let running: Running;
beforeAll(async () => {
  running = await run();
});
afterAll(() => running.stop());

interface Counts {
  readonly accepted: number;
  readonly mapped: Record<'facts' | 'ignored' | 'unresolved' | 'unreadable', number>;
}
const counts = () => running.get<Counts>('/operations/webhooks');
const parked = (kind: string) => running.facts.parked({ kind });
const allMapped = () =>
  eventually('everything stored is mapped', async () => {
    const { accepted, mapped } = await counts();
    return Object.values(mapped).reduce((sum, each) => sum + each, 0) === accepted;
  });

/** What startReplay does with rows that are ready. */
async function replayReady() {
  await running.mapper.replay(await running.facts.parked({ status: 'ready' }));
}

let offset = 0n;
/** What intent tells of a payment: this gateway id leads to it. */
function aliased(alias: string, payment = PAYMENT): Batch {
  const fact: Fact = {
    type: 'alias',
    id: factId('alias', alias),
    at: '2026-03-01T12:00:00.000Z',
    source: 'response',
    alias,
    target: payment,
  };
  const partition = partitionOf(payment);
  const message = {
    topic: PAYMENTS_INTENTS,
    partition,
    offset,
    key: payment,
    value: bytes({ paymentId: payment, fact: toWireFact(fact) }),
    headers: { ce_id: fact.id, ce_type: 'FactRecorded' },
    timestamp: '1772366400000',
  };
  const from = offset++;
  return { topic: PAYMENTS_INTENTS, partition, messages: [message], from, to: offset };
}

async function laneOf(eventId: string): Promise<number> {
  for (let lane = 0; lane < running.evidence.lanes; lane++) {
    const rows = await running.evidence.readLane(lane, 0n, 1_000);
    if (rows.some(({ data }) => data.includes(`"${eventId}"`))) return lane;
  }
  throw new Error(`no evidence of ${eventId}`);
}

/** The facts' log, on a database that refuses to hear of one type. Notes the evidence it was told of. */
function refusing(told: string[]): EventLog {
  const append: EventLog['append'] = async (appends, options) => {
    const effects = options?.effects ?? { mapped: [] };
    const { mapped } = effects as { mapped: { id: string; eventType: string | null }[] };
    if (mapped.some(({ eventType }) => eventType === 'customer.refused')) {
      throw new LogFault('flush_failed', false, 'no such type');
    }
    told.push(...mapped.map(({ id }) => id));
    return running.facts.append(appends, options);
  };
  return Object.create(running.facts, { append: { value: append } }) as EventLog;
}

/** The database, which refuses to be asked for one reference, as Postgres refuses a character it has no place for. */
function refusingToAsk(reference: string): Pool {
  const { pool } = running.parts;
  const query = async (config: { values: unknown[] }) => {
    if (JSON.stringify(config.values).includes(reference)) {
      throw Object.assign(new Error('no such character'), { code: '22021' });
    }
    return pool.query(config as never);
  };
  return Object.create(pool, { query: { value: query } }) as Pool;
}

describe('the mapper', () => {
  it('maps everything that was stored, the unreadable and the unresolved parked, nothing held up', async () => {
    const bodies = [
      bytes(paid('evt_1', PAYMENT)),
      Buffer.from('{"id":"evt_2"'),
      bytes(refunded('evt_3', { payment_intent: 'pi_later', charge: 'ch_later', id: 're_later' })),
      bytes(event('evt_4', 'customer.created', {})),
      bytes(paid('evt_5', PAYMENT)),
    ];
    for (const body of bodies) expect(await running.post(body)).toBe(200);
    await running.follow();
    await allMapped();
    expect(await counts()).toMatchObject({
      mapped: { facts: 2, ignored: 1, unresolved: 1, unreadable: 1 },
    });
    expect(await parked('poison')).toMatchObject([
      { source: 'webhook-ingest/webhooks', value: bodies[1] },
    ]);
    const rows = await running.facts.readStream(PAYMENT);
    expect(rows.length).toBeGreaterThan(2);
    expect(rows.map(({ version }) => version)).toEqual(rows.map((_, i) => i + 1));
  });

  it('adds nothing for the same event in other bytes', async () => {
    const before = await running.facts.readStream(PAYMENT);
    const again = Buffer.concat([bytes(paid('evt_1', PAYMENT)), Buffer.from(' ')]);
    expect(await running.post(again)).toBe(200);
    await allMapped();
    expect(await running.facts.readStream(PAYMENT)).toHaveLength(before.length);
  });

  it('parks the same event with another content, and refuses to apply it on replay', async () => {
    const other = { ...paid('evt_1', PAYMENT), created: 1_772_000_000 };
    expect(await running.post(bytes(other))).toBe(200);
    await allMapped();
    const row = (await parked('poison')).find(({ error }) => error.includes('other content'));
    expect(row).toBeDefined();
    await running.facts.markReady(row!.id);
    await expect(replayReady()).rejects.toThrow('other content');
    expect(await running.facts.discard(row!.id)).toBe(true);
  });

  it('resolves a parked webhook by any of its references when one comes', async () => {
    expect(await parked('unresolved')).toHaveLength(1);
    expect(await running.references.take(aliased('ch_later'))).toBe('committed');
    await replayReady();
    expect(await parked('unresolved')).toEqual([]);
    const refund = await running.facts.readStream(PAYMENT);
    expect(refund.at(-1)?.data.toString()).toContain('re_later');
    expect(await counts()).toMatchObject({ mapped: { unresolved: 0 } });
  });

  it('knows the payment when the reference came first', async () => {
    const body = bytes(
      refunded('evt_6', { payment_intent: 'pi_later', charge: 'ch_later', id: 're_again' }),
    );
    expect(await running.post(body)).toBe(200);
    await allMapped();
    expect(await parked('unresolved')).toEqual([]);
  });

  it('learns references from webhooks that say whose they are', async () => {
    const more = { payment_intent: 'pi_told', charge: 'ch_told', id: 're_told' };
    expect(await running.post(bytes(refunded('evt_7', more)))).toBe(200);
    await allMapped();
    expect(await parked('unresolved')).toHaveLength(1);
    expect(await running.post(bytes(paid('evt_8', PAYMENT, 'pi_told')))).toBe(200);
    await allMapped();
    await eventually('the row is ready', async () => {
      return (await running.facts.parked({ status: 'ready' })).length === 1;
    });
    await replayReady();
    expect(await parked('unresolved')).toEqual([]);
  });

  it('finds by its sweep what a crash kept everybody from noticing', async () => {
    const more = { payment_intent: 'pi_lost', charge: 'ch_lost', id: 're_lost' };
    expect(await running.post(bytes(refunded('evt_9', more)))).toBe(200);
    await allMapped();
    const effects = { references: [{ reference: 'pi_lost', paymentId: PAYMENT }] };
    await running.facts.append([], { effects }); // And then the process died.
    expect(await running.mapper.sweep()).toBe(1);
    await replayReady();
    expect(await parked('unresolved')).toEqual([]);
  });

  it('applies mended poison once, however often it is replayed', async () => {
    const row = (await parked('poison')).at(0)!;
    await running.facts.markReady(row.id, bytes(paid('evt_2', PAYMENT)));
    const ready = await running.facts.parked({ status: 'ready' });
    await running.mapper.replay(ready);
    const rows = await running.facts.readStream(PAYMENT);
    await running.mapper.replay(ready);
    expect(await running.facts.readStream(PAYMENT)).toHaveLength(rows.length);
    expect(await parked('poison')).toEqual([]);
  });

  it('parks evidence whose body is gone, and goes on', async () => {
    const id = stableId('evd', 'spec');
    const row = {
      id,
      type: 'WebhookReceived',
      schemaVersion: 1,
      source: 'webhook-ingest/stripe-main',
      time: '2026-03-01T12:00:00.000Z',
      data: bytes({
        id,
        gateway: 'stripe',
        account: 'stripe-main',
        eventId: 'evt_gone',
        sha256: 'a'.repeat(64),
        bytes: 10,
        receivedAt: '2026-03-01T12:00:00.000Z',
        secret: 'S',
        headers: {},
      }),
    };
    const append = { lane: 0, stream: id, expectedVersion: 0, key: id, rows: [row] };
    await running.evidence.append([append]);
    await allMapped();
    expect(await parked('poison')).toMatchObject([{ error: expect.stringContaining('is gone') }]);
  });

  it('parks what no database can hold of a webhook, and goes on with those behind it', async () => {
    const odd = [
      bytes(event('evt_o1', 'a\u0000b', {})),
      bytes(event('evt_o2', 'a\ud800', {})),
      bytes(refunded('evt_o4', { payment_intent: 'pi_\u0000' })),
      bytes(paid('evt_o5', PAYMENT, 'pi_\udfff')),
    ];
    const before = (await parked('poison')).length;
    for (const body of odd) expect(await running.post(body)).toBe(200);
    expect(await running.post(bytes(event('evt_o6', 'customer.created', {})))).toBe(200);
    await allMapped();
    expect((await parked('poison')).length - before).toBe(odd.length);
  });

  it('finds by halves the one webhook that the database refuses, parks it, and tells of all others', async () => {
    expect(await running.post(bytes(event('evt_refused', 'customer.refused', {})))).toBe(200);
    await allMapped();
    const lane = await laneOf('evt_refused');
    const rows = await running.evidence.readLane(lane, 0n, 1_000);
    const told: string[] = [];
    const mapper = new Mapper(running.parts.pool, refusing(told), 'test', running.parts.logger);
    const input = { source: 'log:refused', partition: lane, from: 0n, to: BigInt(rows.length) };

    expect(rows.length).toBeGreaterThan(2);
    expect(await mapper.take({ lane, rows, input })).toBe('committed');
    expect(await running.facts.offset(input.source, lane)).toBe(input.to);
    expect(told.toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
    expect(await parked('poison')).toContainEqual(
      expect.objectContaining({ error: expect.stringContaining('no such type') as string }),
    );
  });

  it('finds by halves the one webhook of which the database can’t be asked, and parks it', async () => {
    const asked = refunded('evt_unaskable', {
      payment_intent: 'pi_unaskable',
      charge: 'ch_unaskable',
      id: 're_unaskable',
    });
    expect(await running.post(bytes(asked))).toBe(200);
    await allMapped();
    const lane = await laneOf('evt_unaskable');
    const rows = await running.evidence.readLane(lane, 0n, 1_000);
    const told: string[] = [];
    const { logger } = running.parts;
    const mapper = new Mapper(refusingToAsk('pi_unaskable'), refusing(told), 'test', logger);
    const input = { source: 'log:unaskable', partition: lane, from: 0n, to: BigInt(rows.length) };

    expect(rows.length).toBeGreaterThan(2);
    expect(await mapper.take({ lane, rows, input })).toBe('committed');
    expect(await running.facts.offset(input.source, lane)).toBe(input.to);
    expect(told.toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
  });

  it('is fenced when another mapper has moved the cursor', async () => {
    const input = { source: 'log:spec', partition: 0, from: 0n, to: 1n };
    await running.facts.append([], { input });
    const rows = await running.evidence.readLane(0, 0n, 1);
    const before = await running.facts.heads();
    expect(await running.mapper.take({ lane: 0, rows, input })).toBe('fenced');
    expect(await running.facts.heads()).toEqual(before);
  });

  it('writes a run larger than a flush whole, and its cursor with the end', async () => {
    const cursor = { source: 'log:evidence', partition: 0 };
    const many = Array.from({ length: 150 }, (_, i) => bytes(paid(`evt_m${i}`, PAYMENT)));
    for (let i = 0; i < many.length; i += 50) {
      await Promise.all(many.slice(i, i + 50).map((body) => running.post(body)));
    }
    await allMapped();
    const rows = await running.evidence.readLane(0, 0n, 1_000);
    const next = await running.facts.offset(cursor.source, cursor.partition);
    expect(next).toBe(BigInt(rows.length));
    const stream = await running.facts.readStream(PAYMENT);
    expect(new Set(stream.map(({ key }) => key)).size).toBe(stream.length);
  });
});

describe('references', () => {
  it('that can’t be read are parked, and learnt when mended', async () => {
    const good = aliased('pi_mended');
    const [message] = good.messages;
    const cut = { ...good, messages: [{ ...message!, value: Buffer.from('{"pay') }] };
    expect(await running.references.take(cut)).toBe('committed');
    const { group } = GROUPS.webhookIngestReferences;
    const row = (await parked('poison')).find(({ source }) => source.startsWith(`${group}/`));
    await expect(running.references.replay([row!])).rejects.toThrow('still not readable');
    await running.references.replay([{ ...row!, mended: message!.value }]);
    expect((await parked('poison')).some(({ id }) => id === row!.id)).toBe(false);
    expect(await running.references.take(good)).toBe('fenced');
  });
});
