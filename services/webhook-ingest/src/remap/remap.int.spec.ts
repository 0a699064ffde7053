import { stableId } from '@paylog/contracts';
import type { OperationFact } from '@paylog/payment-domain';
import { postgresLog } from '@paylog/event-sourcing';
import { createPool } from '@paylog/postgres';
import { eventually } from '@paylog/testing';
import { redact } from '../archive/redaction.js';
import { fromRow } from '../ingest/evidence.js';
import { toAppend } from '../mapping/map-evidence.js';
import { run, type Running } from '../testing/running.js';
import { bytes, paid, PAYMENT, refunded } from '../testing/stripe.js';

interface Answer {
  readonly remapped: readonly {
    readonly eventId: string;
    readonly retract: readonly { readonly id: string; readonly successor?: string }[];
    readonly add: readonly { readonly id: string }[];
    readonly conflicts: readonly string[];
    readonly skipped?: string;
    readonly applied: boolean;
  }[];
  readonly looked: number;
  readonly next?: string;
}

const RANGE = { from: '2020-01-01T00:00:00Z', to: '2099-01-01T00:00:00Z' };
const APPLY = { apply: { operator: 'ada', reason: 'spec' } };

let running: Running;
beforeAll(async () => {
  running = await run();
  await running.follow();
});
afterAll(() => running.stop());

const ask = (more: object = {}) =>
  running.ask<Answer>('/operations/webhooks/remap', { ...RANGE, ...more });
const stream = () => running.facts.readStream(PAYMENT);

async function store(body: Buffer): Promise<void> {
  expect(await running.post(body)).toBe(200);
  await eventually('everything stored is mapped', async () => {
    const { accepted, mapped } = await running.get<{
      accepted: number;
      mapped: Record<string, number>;
    }>('/operations/webhooks');
    return Object.values(mapped).reduce((sum, each) => sum + each, 0) === accepted;
  });
}

async function evidenceOf(eventId: string) {
  for (let lane = 0; lane < running.evidence.lanes; lane++) {
    for (const { data } of await running.evidence.readLane(lane, 0n, 1_000)) {
      const evidence = fromRow(data);
      if (evidence.eventId === eventId) return evidence;
    }
  }
  throw new Error(`no evidence of ${eventId}`);
}

/** What an older mapping told of an event, and today's does not. */
async function toldBefore(eventId: string, n: number): Promise<string> {
  const evidence = await evidenceOf(eventId);
  const id = stableId('fct', 'spec', eventId, String(n));
  const fact: OperationFact = {
    type: 'operation',
    id,
    at: evidence.receivedAt,
    source: 'webhook',
    operation: 're_wrong',
    kind: 'refund',
    outcome: 'succeeded',
    amount: { minor: 1n, currency: 'EUR' },
  };
  const append = toAppend({ paymentId: PAYMENT, eventId }, fact, evidence);
  const expectedVersion = (await stream()).length;
  expect(await running.facts.append([{ ...append, expectedVersion }])).toMatchObject([
    { status: 'appended' },
  ]);
  return id;
}

describe('mapping again', () => {
  it('finds nothing where the mapping is what it was', async () => {
    await store(bytes(paid('evt_same', PAYMENT)));
    await store(Buffer.concat([bytes(paid('evt_same', PAYMENT)), Buffer.from(' ')]));
    expect(await ask()).toMatchObject({ remapped: [], looked: 2 });
  });

  it('shows what it would retract, appends it when asked to, and nothing a second time', async () => {
    const wrong = await toldBefore('evt_same', 1);
    const before = await stream();
    const shown = await ask();
    expect(shown.remapped).toMatchObject([
      { eventId: 'evt_same', retract: [{ id: wrong }], add: [], applied: false },
    ]);
    expect(await stream()).toHaveLength(before.length);

    expect((await ask(APPLY)).remapped).toMatchObject([
      { retract: [{ id: wrong }], applied: true },
    ]);
    const after = await stream();
    expect(after).toHaveLength(before.length + 1);
    expect(JSON.parse(String(after.at(-1)?.data))).toMatchObject({
      fact: { type: 'retraction', retracts: wrong, source: 'operator' },
    });
    expect((await ask(APPLY)).remapped).toEqual([]);
    expect(await stream()).toHaveLength(after.length);
  });

  it('adds what was ignored when it came, also where several ask at the same time', async () => {
    const body = refunded('evt_late', { id: 're_late', payment_intent: 'pi_1', charge: 'ch_1' });
    await store(bytes(body));
    const { id } = await evidenceOf('evt_late');
    // As if an older mapping had known no refunds: the row was never told.
    const pool = running.parts.pool;
    const rows = await stream();
    expect(rows.some(({ causationId }) => causationId === id)).toBe(true);
    await store(
      bytes(refunded('evt_unknown', { id: 're_x', payment_intent: 'pi_x', charge: 'ch_x' })),
    );
    await pool.query(`insert into payment_references values ('pi_x', $1) on conflict do nothing`, [
      PAYMENT,
    ]);
    const shown = await ask();
    expect(shown.remapped).toMatchObject([{ eventId: 'evt_unknown', retract: [], applied: false }]);
    const [{ add }] = shown.remapped as [Answer['remapped'][number]];
    expect(add.length).toBeGreaterThan(0);
    const both = await Promise.all([ask(APPLY), ask(APPLY)]);
    expect(both.flatMap(({ remapped }) => remapped).some(({ applied }) => applied)).toBe(true);
    const after = await stream();
    expect(after.length).toBe(rows.length + add.length);
    expect(after.map(({ version }) => version)).toEqual(after.map((_, i) => i + 1));
    expect((await ask()).remapped).toEqual([]);
    expect(await running.facts.parked({ kind: 'unresolved' })).toEqual([]);
  });

  it('touches nothing of an event whose body is gone', async () => {
    const { id } = await evidenceOf('evt_late');
    const owner = createPool(running.ownerUrl, { name: 'owner' });
    const announcing = await postgresLog(owner, 'archive');
    const who = { operator: 'ada', reason: 'spec' };
    expect(await redact(owner, announcing, id, who, new Date())).toBe('redacted');
    await owner.end();
    const before = await stream();
    expect((await ask(APPLY)).remapped).toMatchObject([
      {
        eventId: 'evt_late',
        skipped: expect.stringContaining('is gone') as string,
        applied: false,
      },
    ]);
    expect(await stream()).toHaveLength(before.length);
  });

  it('goes through a range page by page, each event once', async () => {
    await toldBefore('evt_same', 2);
    const found: string[] = [];
    let after: string | undefined;
    let looked = 0;
    do {
      const page = await ask({ limit: 1, ...(after !== undefined && { after }) });
      found.push(...page.remapped.map(({ eventId }) => eventId));
      looked += page.looked;
      after = page.next;
    } while (after !== undefined);
    expect(looked).toBe(4);
    expect(found.toSorted()).toEqual(['evt_late', 'evt_same']);
    expect(await ask({ to: '2020-01-02T00:00:00Z' })).toMatchObject({ looked: 0 });
  });
});
