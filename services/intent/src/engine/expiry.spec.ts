import type { Weather } from '../testing/fake-gateway.js';
import { LIMITS, PureRun } from '../testing/pure-run.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Authorized; from then on the weather is what `sky` says. */
async function held(): Promise<{ run: PureRun; sky: { now: Weather } }> {
  const sky = { now: 'fine' as Weather };
  const run = new PureRun(() => sky.now);
  run.place({ captureMode: 'manual' });
  await run.step();
  expect(run.known.intent.payment.label).toBe('authorized');
  return { run, sky };
}
const lookups = ({ gateway }: PureRun) =>
  gateway.calls.filter((call) => call.startsWith('lookup')).length;

describe('an authorization past its validity', () => {
  it('is not asked about before', async () => {
    const { run } = await held();
    expect(run.next()).toMatchObject({
      type: 'wait',
      until: run.now + LIMITS.authorizationValidMs,
      why: 'held for a capture',
    });
  });

  it('is asked about, and expired when the gateway says so', async () => {
    const { run } = await held();
    run.gateway.expire(run.paymentId);
    await run.settle(8 * DAY);
    expect(lookups(run)).toBe(1);
    expect(run.known.intent.payment).toMatchObject({ label: 'expired', final: true });
    expect(run.next()).toEqual({ type: 'done' });
  });

  it('stays, and is asked about more and more rarely, while the gateway holds it', async () => {
    const { run } = await held();
    await run.settle(10 * DAY);
    expect(run.known.intent.payment.label).toBe('authorized');
    expect(lookups(run)).toBeGreaterThan(12);
    expect(lookups(run)).toBeLessThan(30);
    run.ask({ type: 'capture', reference: 'late' });
    await run.settle();
    expect(run.known.intent.payment.label).toBe('captured');
  });

  it('is expired by our clock when the gateway can’t be asked for a day', async () => {
    const { run, sky } = await held();
    sky.now = 'lost';
    await run.settle(LIMITS.authorizationValidMs + DAY - HOUR);
    expect(run.known.intent.payment.label).toBe('authorized');
    await run.settle(DAY);
    expect(run.known.intent.payment).toMatchObject({ label: 'expired', closed: true });
    const expired = run.known.intent.facts.filter((fact) => fact.source === 'clock');
    expect(expired).toMatchObject([{ outcome: 'expired', reason: 'validity_passed' }]);
  });

  it('is held again when the gateway is heard and says so: the clock’s word is taken back', async () => {
    const { run, sky } = await held();
    sky.now = 'lost';
    await run.settle(LIMITS.authorizationValidMs + 2 * DAY);
    expect(run.known.intent.payment.label).toBe('expired');
    sky.now = 'fine';
    await run.settle(DAY);
    expect(run.known.intent.payment).toMatchObject({ label: 'authorized', closed: false });
    run.ask({ type: 'capture', reference: 'after all' });
    await run.settle(DAY);
    expect(run.known.intent.payment).toMatchObject({
      label: 'captured',
      amounts: { captured: 1000n, voided: 0n },
      anomalies: [],
    });
  });

  it('is captured, whatever the clock said, when a webhook tells of it', async () => {
    const { run, sky } = await held();
    sky.now = 'lost';
    await run.settle(LIMITS.authorizationValidMs + 2 * DAY);
    const [container] = run.gateway.containers;
    Object.assign(container!, { status: 'succeeded', captured: 1000n });
    run.webhook();
    expect(run.known.projected).toMatchObject({ label: 'captured', amounts: { voided: 0n } });
    sky.now = 'fine';
    await run.settle();
    expect(run.gateway.refunds).toEqual([]);
    expect(run.next()).toEqual({ type: 'done' });
  });

  it('that an operator stopped keeps saying so', async () => {
    const { run } = await held();
    run.ask({ type: 'capture', reference: 'later' });
    run.accountStopped = true;
    expect(run.next()).toMatchObject({ why: 'gateway account stopped' });
  });
});

describe('a payment that takes days by its nature', () => {
  async function pendingFor(days: number): Promise<PureRun> {
    const run = new PureRun();
    run.place({ method: 'pm_sepa' });
    await run.settle(days * DAY);
    expect(run.known.intent.payment.label).toBe('pending');
    return run;
  }

  it('is never abandoned while the gateway is at it, and asked about more and more rarely', async () => {
    const run = await pendingFor(14);
    expect(run.gateway.containers).toMatchObject([{ status: 'processing' }]);
    expect(lookups(run)).toBeLessThan(14 * 4 + 12);
  });

  it('is asked about until its capture is known for ours, also where webhooks told of all else', async () => {
    const run = await pendingFor(1);
    const alias = { type: 'alias', id: 'a', at: run.at, source: 'response' } as const;
    const target = run.known.intent.own[0]!.id;
    run.record([
      {
        type: 'FactRecorded',
        data: { paymentId: run.paymentId, fact: { ...alias, alias: 'ch_pi_1', target } },
      },
    ]);
    run.gateway.approve(run.paymentId);
    run.webhook();
    expect(run.known.projected).toMatchObject({ label: 'captured', final: false });
    await run.settle();
    run.project();
    expect(run.known.projected).toMatchObject({ final: true, unresolved: [], anomalies: [] });
  });

  it('may be won in the end', async () => {
    const run = await pendingFor(5);
    run.gateway.approve(run.paymentId);
    await run.settle(DAY);
    expect(run.known.intent.payment).toMatchObject({ label: 'captured', final: true });
  });

  it('may be refused in the end, and its storefront is told', async () => {
    const run = await pendingFor(5);
    run.gateway.refuse(run.paymentId);
    await run.settle(DAY);
    expect(run.known.intent.payment).toMatchObject({ label: 'failed', final: true });
    expect(run.known.intent.decline).toMatchObject({ operation: 'authorization' });
  });
});
