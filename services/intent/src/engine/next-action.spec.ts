import { operations } from '../intent/operations.js';
import { LIMITS, PureRun } from '../testing/pure-run.js';
import type { Weather } from '../testing/fake-gateway.js';
import { notFoundAtGateway } from './by-the-clock.js';

const script =
  (...skies: Weather[]) =>
  () =>
    skies.shift() ?? 'fine';

describe('nextAction', () => {
  it('has nothing to do for what was never accepted', () => {
    expect(new PureRun().next()).toEqual({ type: 'done' });
  });

  it('begins what was asked for, with a number', () => {
    const run = new PureRun();
    run.place();
    expect(run.next()).toMatchObject({ type: 'call', call: 'authorize', number: 1 });
  });

  it('repeats a call without an answer at once, with the same operation and the next number', () => {
    const run = new PureRun();
    run.place();
    const first = run.next();
    if (first.type !== 'call') throw new Error('expected a call');
    run.begin(first);
    expect(run.next()).toMatchObject({ type: 'call', operation: first.operation, number: 2 });
  });

  it('waits before it asks about an unknown outcome, longer each time', async () => {
    const run = new PureRun(script('lost', 'lost', 'lost', 'lost', 'lost'));
    run.place();
    await run.step();
    const pauses: number[] = [];
    for (let i = 0; i < 4; i += 1) {
      const wait = run.next();
      if (wait.type !== 'wait' || wait.until === undefined) throw new Error('expected a wait');
      pauses.push(wait.until - run.now);
      run.now = wait.until;
      await run.step();
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000]);
  });

  it('never repeats a call later than the key allows: it looks up', async () => {
    const run = new PureRun(script('lost'));
    run.place();
    await run.step();
    run.now += LIMITS.repeatWithinMs + 1;
    expect(run.next()).toMatchObject({ type: 'lookup' });
  });

  it('gives an authorization up that never reached the gateway, once its key has run out', async () => {
    const run = new PureRun(script('lost'));
    run.place();
    await run.step();
    run.now += LIMITS.repeatWithinMs + 1;
    await run.settle();
    expect(run.known.intent.payment).toMatchObject({ label: 'canceled', final: true });
    expect(run.gateway.containers).toEqual([]);
  });

  it('cancels an abandoned payment at the gateway, never by assumption', async () => {
    const run = new PureRun();
    run.place({ method: 'pm_card_authenticationRequired' });
    await run.step();
    expect(run.next()).toMatchObject({ type: 'wait' });
    run.now += LIMITS.abandonAfterMs;
    expect(run.next()).toMatchObject({ type: 'call', call: 'cancel', reason: 'abandoned' });
    expect(run.known.intent.payment.closed).toBe(false);
    await run.step();
    expect(run.known.intent.payment.closed).toBe(true);
  });

  it('asks when a gateway told of a change: what won is taken as ours', async () => {
    const run = new PureRun();
    run.place({ method: 'pm_card_authenticationRequired' });
    await run.step();
    run.gateway.approve(run.paymentId);
    run.now += 10;
    run.toldAt = run.now;
    expect(run.next()).toMatchObject({ type: 'lookup' });
    await run.settle();
    expect(run.known.intent.payment).toMatchObject({ label: 'captured', final: true });
  });

  it('closes a declined attempt, so that nothing can be paid in it any more', async () => {
    const run = new PureRun();
    run.place({ method: 'pm_card_visa_chargeDeclined' });
    await run.step();
    expect(run.next()).toMatchObject({ type: 'call', call: 'cancel', reason: 'declined' });
    await run.settle();
    expect(run.known.intent.payment).toMatchObject({ label: 'failed', final: true });
  });

  it('calls nothing for a payment that is held', async () => {
    const run = new PureRun();
    run.place();
    const { intent } = run.known;
    const held = { intent, projected: { ...intent.payment, held: true } };
    const { nextAction } = await import('./next-action.js');
    const progress = {
      now: run.now,
      polls: 0,
      accountStopped: false,
      hasPaymentMethod: true,
      hasNextAction: false,
    };
    expect(nextAction(held, LIMITS, progress)).toEqual({ type: 'wait', why: 'held' });
  });

  it('takes no money of a payment under review, and lets it be called off', async () => {
    const run = new PureRun();
    run.place({ captureMode: 'manual' });
    await run.settle();
    run.ask({ type: 'capture', reference: 'all' });
    const review = { type: 'operation', id: 'r', at: run.at, source: 'webhook' } as const;
    const hold = {
      operation: 'prv_1',
      kind: 'hold',
      outcome: 'requested',
      reason: 'review',
    } as const;
    run.tell([{ ...review, ...hold }]);
    expect(run.next()).toEqual({ type: 'wait', why: 'under review' });
    run.ask({ type: 'cancel' });
    await run.settle();
    expect(run.gateway.containers).toMatchObject([{ status: 'canceled', captured: 0n }]);
  });

  it('leaves a debit that came back open for another payment, then closes it', async () => {
    const run = new PureRun();
    run.place({ method: 'pm_sepa' });
    await run.step();
    run.gateway.approve(run.paymentId);
    await run.settle();
    run.webhook();
    expect(run.known.intent.payment.label).toBe('captured');
    const [container] = run.gateway.containers;
    run.tell(run.gateway.comeBack(run.paymentId, run.at));
    expect(run.next()).toMatchObject({ type: 'wait', until: run.now + LIMITS.abandonAfterMs });
    const second = new PureRun(undefined, 2, run.gateway);
    expect(second.place({}, run).type).toBe('early');
    await run.settle();
    expect(container!.status).toBe('canceled');
    run.project();
    expect(second.place({}, run).type).toBe('accepted');
    expect(run.next()).toEqual({ type: 'done' });
  });

  it('starts nothing through a stopped account', () => {
    const run = new PureRun();
    run.place();
    run.accountStopped = true;
    expect(run.next()).toEqual({ type: 'wait', why: 'gateway account stopped' });
  });

  it('captures under whatever reference a storefront chose', async () => {
    const run = new PureRun();
    run.place({ captureMode: 'manual' });
    await run.step();
    run.ask({ type: 'capture', reference: 'automatic' });
    await run.settle();
    expect(run.known.intent.payment).toMatchObject({ label: 'captured', final: true });
  });

  it('closes nothing that has an id at the gateway because the gateway shows no such id', async () => {
    const run = new PureRun();
    run.place({ method: 'pm_card_authenticationRequired' });
    await run.step();
    // As with the API key of another account.
    const later = run.now + 3_600_000;
    const authorization = operations.authorization(run.paymentId);
    expect(notFoundAtGateway(run.known, authorization, later)).toEqual([]);
  });

  it('repeats nothing through a stopped account either: it asks', async () => {
    const run = new PureRun(script('lost'));
    run.place();
    await run.step();
    run.accountStopped = true;
    await run.settle(60_000);
    expect(run.gateway.containers).toEqual([]);
    run.accountStopped = false;
    await run.settle();
    expect(run.gateway.containers).toHaveLength(1);
  });

  it('ends the cancel of a declined attempt by a lookup where its answer was lost for good', async () => {
    const run = new PureRun();
    run.place({ method: 'pm_card_visa_chargeDeclined' });
    await run.step();
    const cancel = run.next();
    if (cancel.type !== 'call') throw new Error('expected a call');
    run.begin(cancel);
    await run.callOf(cancel);
    run.now += 26 * 3_600_000;
    await run.settle();
    expect(run.gateway.calls.filter((call) => call.startsWith('lookup'))).toHaveLength(1);
    expect(run.known.intent.payment).toMatchObject({
      label: 'failed',
      final: true,
      unresolved: [],
    });
  });

  it('cancels in the end, however late: the shopper’s money is not held till the issuer lets go', async () => {
    const run = new PureRun(script('fine', 'lost'));
    run.place({ captureMode: 'manual' });
    await run.step();
    run.ask({ type: 'cancel' });
    await run.step();
    run.now += LIMITS.repeatWithinMs + 1;
    expect(run.next()).toMatchObject({ type: 'lookup' });
    await run.settle();
    expect(run.gateway.containers.map(({ status }) => status)).toEqual(['canceled']);
    expect(run.known.intent.payment).toMatchObject({ label: 'voided', final: true });
  });
});
