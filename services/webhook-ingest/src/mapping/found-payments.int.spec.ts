import {
  factId,
  foundPaymentId,
  partitionOf,
  SETTLEMENT_FACTS,
  toWireFact,
} from '@paylog/contracts';
import type { Batch } from '@paylog/kafka';
import type { OriginFact } from '@paylog/payment-domain';
import { createLogger } from '@paylog/observability';
import { eventually } from '@paylog/testing';
import type { Pool } from 'pg';
import { type Running, run } from '../testing/running.js';
import { bytes, paid, PAYMENT, refunded } from '../testing/stripe.js';
import { type FindingOptions, nameFoundPayments } from './found-payments.js';

let running: Running;
beforeAll(async () => {
  running = await run();
  await running.follow();
});
afterAll(() => running.stop());

const logger = createLogger('spec');
const findingOn = (pool: Pool, afterMs = 0): FindingOptions => ({
  pool,
  mode: 'test',
  afterMs,
  logger,
});
const name = (afterMs = 0) => nameFoundPayments(findingOn(running.parts.pool, afterMs));
const foundAs = (object: string) =>
  foundPaymentId({ mode: 'test', account: 'stripe-main', object });

/** A payment made in the gateway's dashboard, and a refund of it: nothing of ours in either. */
const madeThere = (event: string, pi: string) => bytes(paid(event, undefined, pi));
const givenBackThere = (event: string, pi: string) =>
  bytes(refunded(event, { id: `re_${pi}`, payment_intent: pi, charge: pi.replace('pi', 'ch') }));

async function waiting(bodies: readonly Buffer[]): Promise<void> {
  const before = (await running.facts.parked({ kind: 'unresolved', limit: 1_000 })).length;
  for (const body of bodies) expect(await running.post(body)).toBe(200);
  await eventually('they are parked', async () => {
    const rows = await running.facts.parked({ kind: 'unresolved', limit: 1_000 });
    return rows.length === before + bodies.length;
  });
}

/** What startReplay does with rows that are ready. */
async function replayReady() {
  await running.mapper.replay(await running.facts.parked({ status: 'ready', limit: 1_000 }));
}

const unresolved = async () => (await running.facts.parked({ kind: 'unresolved' })).length;

interface Told {
  readonly fact: Record<string, unknown> & { readonly type: string; readonly kind?: string };
}
const toldOf = async (payment: string) => {
  const rows = await running.facts.readStream(payment);
  return rows.map(({ data }) => (JSON.parse(data.toString()) as Told).fact);
};

describe('webhooks of a payment that nobody asked us for', () => {
  it('wait until their time is over, and are then a payment that says where it was found', async () => {
    await waiting([madeThere('evt_f1', 'pi_f1')]);
    expect(await name(60_000)).toBe(0);
    const { parked } = await running.get<{ parked: { parkedAt: string; foreignAt: string }[] }>(
      '/operations/parked',
    );
    expect(Date.parse(parked[0]?.foreignAt ?? '') - Date.parse(parked[0]?.parkedAt ?? '')).toBe(
      60_000,
    );

    expect(await name()).toBe(1);
    await replayReady();
    expect(await unresolved()).toBe(0);
    const told = await toldOf(foundAs('pi_f1'));
    expect(told[0]).toMatchObject({
      type: 'origin',
      mode: 'test',
      account: 'stripe-main',
      gateway: 'stripe',
      object: 'pi_f1',
    });
    expect(told).toContainEqual(
      expect.objectContaining({ type: 'alias', alias: 'pi_f1', target: foundAs('pi_f1') }),
    );
    expect(told).toContainEqual(
      expect.objectContaining({
        kind: 'capture',
        outcome: 'succeeded',
        operation: 'ch_f1/capture',
      }),
    );
  });

  it('follow by themselves from then on, without another origin', async () => {
    expect(await running.post(givenBackThere('evt_f1r', 'pi_f1'))).toBe(200);
    await eventually('the refund is there', async () =>
      (await toldOf(foundAs('pi_f1'))).some(({ kind }) => kind === 'refund'),
    );
    const told = await toldOf(foundAs('pi_f1'));
    expect(told.filter(({ type }) => type === 'origin')).toHaveLength(1);
    expect(await unresolved()).toBe(0);
  });

  it.each([
    ['the payment first', ['evt_a', 'evt_b'], 'pi_order1'],
    ['its refund first', ['evt_b', 'evt_a'], 'pi_order2'],
  ])('are one payment, %s', async (_, order, pi) => {
    const bodies: Record<string, Buffer> = {
      evt_a: madeThere(`evt_a_${pi}`, pi),
      evt_b: givenBackThere(`evt_b_${pi}`, pi),
    };
    await waiting(order.map((each) => bodies[each] as Buffer));
    expect(await name()).toBe(2);
    await replayReady();
    const kinds = (await toldOf(foundAs(pi))).map(({ type, kind }) => kind ?? type);
    expect(kinds).toEqual(expect.arrayContaining(['origin', 'capture', 'refund']));
    expect(kinds[0]).toBe('origin');
  });

  it('are left to the sweep when they are ours', async () => {
    await waiting([givenBackThere('evt_ours', 'pi_ours')]);
    expect(await running.post(bytes(paid('evt_ours_2', PAYMENT, 'pi_ours')))).toBe(200);
    await eventually('it is ready', async () => {
      await running.mapper.sweep();
      return (await running.facts.parked({ status: 'ready' })).length === 1;
    });
    expect(await name()).toBe(0);
    await replayReady();
    expect(await toldOf(foundAs('pi_ours'))).toEqual([]);
    expect(await toldOf(PAYMENT)).toContainEqual(
      expect.objectContaining({ kind: 'refund', operation: 're_pi_ours' }),
    );
  });

  it('are named once by two replicas at the same time', async () => {
    const pis = Array.from({ length: 6 }, (_each, i) => `pi_two${i}`);
    await waiting(
      pis.flatMap((pi) => [givenBackThere(`evt_r_${pi}`, pi), madeThere(`evt_p_${pi}`, pi)]),
    );
    const rows = await Promise.all([name(), name(), name()]);
    expect(rows.reduce((sum, each) => sum + each, 0)).toBe(12);
    await Promise.all([replayReady(), replayReady()].map((each) => each.catch(() => undefined)));
    await replayReady();
    for (const pi of pis) {
      const told = await toldOf(foundAs(pi));
      expect(told.filter(({ type }) => type === 'origin')).toHaveLength(1);
      expect(told.filter(({ kind }) => kind === 'refund')).toHaveLength(1);
    }
    const { rows: leading } = await running.parts.pool.query<{ wrong: string }>(
      `select count(*) as wrong from payment_references r join found_payments f using (payment_id)
       where r.reference like 'pi_two%' and f.object <> r.reference`,
    );
    expect(leading).toEqual([{ wrong: '0' }]);
  });

  it('are all named, or none, when the process dies in between', async () => {
    await waiting([madeThere('evt_dies', 'pi_dies')]);
    await expect(nameFoundPayments(findingOn(dyingAt('commit')))).rejects.toThrow('died');
    expect((await running.facts.parked({ status: 'ready' })).length).toBe(0);
    const { rows } = await running.parts.pool.query(
      `select from payment_references where reference = 'pi_dies'
       union all select from found_payments where object = 'pi_dies'`,
    );
    expect(rows).toEqual([]);

    expect(await name()).toBe(1);
    // Dies here: whoever comes next finds a row that is ready, and the reference that leads to its payment.
    await replayReady();
    expect((await toldOf(foundAs('pi_dies')))[0]).toMatchObject({ type: 'origin' });
  });

  it('are found at once when a report names their payment', async () => {
    await waiting([givenBackThere('evt_rep', 'pi_reported')]);
    expect(await running.references.takeSettled(originTold('pi_reported'))).toBe('committed');
    await replayReady();
    expect(await toldOf(foundAs('pi_reported'))).toMatchObject([
      { kind: 'refund', outcome: 'succeeded' },
    ]);
  });
});

/** The database of a process that dies before a statement of that name is done. */
function dyingAt(statement: string): Pool {
  const { pool } = running.parts;
  const connect = async () => {
    const client = await pool.connect();
    const query = async (text: unknown, values?: unknown[]) => {
      if (text === statement) throw new Error('died');
      return client.query(text as never, values as never);
    };
    return { query, release: (error?: Error) => client.release(error) };
  };
  return Object.create(pool, { connect: { value: connect } }) as Pool;
}

function originTold(object: string): Batch {
  const payment = foundAs(object);
  const fact: OriginFact = {
    type: 'origin',
    id: factId('reconciliation', 'origin', payment),
    at: '2026-03-01T12:00:00.000Z',
    source: 'settlement',
    mode: 'test',
    account: 'stripe-main',
    gateway: 'stripe',
    object,
  };
  const partition = partitionOf(payment);
  const data = {
    paymentId: payment,
    fact: toWireFact(fact),
    line: { statement: 'po_1', number: 1 },
  };
  const message = {
    topic: SETTLEMENT_FACTS,
    partition,
    offset: 0n,
    key: payment,
    value: bytes(data),
    headers: { ce_id: fact.id, ce_type: 'FactRecorded' },
    timestamp: '1772366400000',
  };
  return { topic: SETTLEMENT_FACTS, partition, messages: [message], from: 0n, to: 1n };
}
