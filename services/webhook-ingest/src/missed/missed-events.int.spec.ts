import type { MissedEvents, PolledEvent } from '@paylog/gateways';
import { eventually } from '@paylog/testing';
import { type Evidence, fromRow } from '../ingest/evidence.js';
import { run, type Running } from '../testing/running.js';
import { bytes, paid, PAYMENT } from '../testing/stripe.js';
import { MissedEventsPoll } from './missed-events.js';
import { Silence } from './silence.js';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const AFTER_MS = 60_000;

let running: Running;
let listed: PolledEvent[] = [];
let since: string[] = [];
beforeAll(async () => {
  running = await run();
  await running.follow();
});
afterAll(() => running.stop());
beforeEach(() => {
  listed = [];
  since = [];
});

const source: MissedEvents = {
  account: 'stripe-main',
  key: 'EVENTS_KEY',
  async *undelivered(from) {
    since.push(from);
    yield* listed;
  },
};

let clock = NOW;
const newPoll = () =>
  new MissedEventsPoll({
    pool: running.parts.pool,
    evidence: running.evidence,
    gateway: 'stripe',
    source: () => source,
    afterMs: AFTER_MS,
    logger: running.parts.logger,
    now: () => new Date(clock),
  });

/** As the API tells it: not the bytes of the webhook, and other ones each time. */
function polled(id: string, ageMs: number, pending = 1): PolledEvent {
  const body = Buffer.from(JSON.stringify({ ...paid(id, PAYMENT), pending_webhooks: pending }));
  const createdAt = new Date(clock - ageMs).toISOString();
  return { id, type: 'payment_intent.succeeded', createdAt, body };
}

async function evidence(): Promise<Evidence[]> {
  const lanes = Array.from({ length: running.evidence.lanes }, (_, lane) => lane);
  const rows = await Promise.all(lanes.map((lane) => running.evidence.readLane(lane, 0n, 1_000)));
  return rows.flat().map(({ data }) => fromRow(data));
}
const facts = () => running.facts.readStream(PAYMENT);
async function allMapped(): Promise<void> {
  await eventually('everything stored is mapped', async () => {
    const { accepted, mapped } = await running.get<{
      accepted: number;
      mapped: Record<string, number>;
    }>('/operations/webhooks');
    return Object.values(mapped).reduce((sum, each) => sum + each, 0) === accepted;
  });
}

describe('missed events', () => {
  it('become evidence of source poll and tell their facts, once however often they are listed', async () => {
    const poll = newPoll();
    listed = [polled('evt_missed', 2 * AFTER_MS), polled('evt_young', AFTER_MS - 1)];
    expect(await poll.round()).toBe(1);
    await allMapped();
    expect(await evidence()).toMatchObject([
      { eventId: 'evt_missed', source: 'poll', secret: 'EVENTS_KEY', headers: {} },
    ]);
    const told = await facts();
    expect(told.length).toBeGreaterThan(0);
    listed = [polled('evt_missed', 2 * AFTER_MS, 0)];
    expect(await poll.round()).toBe(0);
    expect(await newPoll().round()).toBe(0);
    expect(await evidence()).toHaveLength(1);
  });

  it('change nothing when their webhook comes after all, nor when it had come before', async () => {
    const before = await facts();
    expect(await running.post(bytes(paid('evt_missed', PAYMENT)))).toBe(200);
    await allMapped();
    expect(await facts()).toHaveLength(before.length);
    expect(await running.post(bytes(paid('evt_came', PAYMENT, 'pi_came')))).toBe(200);
    await allMapped();
    const came = await facts();
    listed = [polled('evt_came', 2 * AFTER_MS)].map((each) => ({
      ...each,
      body: bytes({ ...paid('evt_came', PAYMENT, 'pi_came'), pending_webhooks: 1 }),
    }));
    expect(await newPoll().round()).toBe(1);
    await allMapped();
    expect(await facts()).toHaveLength(came.length);
    expect(await running.facts.parked({ kind: 'poison' })).toEqual([]);
  });

  it('are looked for over all that the gateway keeps at first, then from the last look on', async () => {
    const poll = newPoll();
    await poll.round();
    clock += 3_600_000;
    await poll.round();
    expect(since).toEqual([
      new Date(NOW - 30 * 24 * 3_600_000 - 3_600_000).toISOString(),
      new Date(NOW - AFTER_MS - 3_600_000).toISOString(),
    ]);
  });

  it('are fetched again when the process died before it remembered them, and tell nothing new', async () => {
    listed = [polled('evt_died', 2 * AFTER_MS)];
    expect(await newPoll().round()).toBe(1);
    await allMapped();
    const before = await facts();
    await running.parts.pool.query(`delete from missed_events where event_id = 'evt_died'`);
    listed = [polled('evt_died', 2 * AFTER_MS, 0)];
    expect(await newPoll().round()).toBe(1);
    await allMapped();
    expect(await facts()).toHaveLength(before.length);
  });
});

describe('silence', () => {
  it('is told of an account whose webhooks stay away for too long, not by what was polled', async () => {
    // Started half a minute before the webhooks of this spec came.
    let late = -30_000;
    const accounts = () => ['stripe-main', 'stripe-two'];
    const now = () => Date.now() + late;
    const heads = () => running.evidence.heads();
    const silence = new Silence(running.parts.pool, heads, accounts, 60_000, now);
    expect(await running.post(bytes(paid('evt_again', PAYMENT)))).toBe(200);
    await silence.look();
    expect(silence.silent()).toEqual([]);
    late = 40_000;
    expect(silence.silent()).toEqual(['stripe-two']);
    listed = [polled('evt_polled', 2 * AFTER_MS)];
    expect(await newPoll().round()).toBe(1);
    await silence.look();
    late = 70_000;
    expect(silence.silent()).toEqual(['stripe-main', 'stripe-two']);
    const never = new Silence(running.parts.pool, heads, accounts, 0, now);
    late = 1e9;
    expect(never.silent()).toEqual([]);
  });
});
