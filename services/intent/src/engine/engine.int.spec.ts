import { GroupCommit, type Append } from '@paylog/event-sourcing';
import { createLogger, metrics } from '@paylog/observability';
import { eventually } from '@paylog/testing';
import { operations } from '../intent/operations.js';
import { statusOf } from '../intent/state.js';
import { Verification } from '../query/verification.js';
import { tellUnresolved } from '../query/unresolved.js';
import { FakeGateway, type Weather } from '../testing/fake-gateway.js';
import {
  batch,
  LIMITS,
  message,
  openBench,
  outcomeOf,
  paymentOf,
  placeRequest,
  type Bench,
} from '../testing/intent-bench.js';

import { Engine } from './engine.js';
import { selectUnresolved } from './stuck.sql.js';
import { claimWork } from './work.sql.js';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

const statusOfPayment = async (paymentId: string) =>
  statusOf(await bench.known(paymentId), operations.authorization(paymentId));

describe('a payment on a real log', () => {
  it('is accepted, called for once, and captured; what is private is forgotten', async () => {
    const gateway = new FakeGateway();
    bench.startWorker(gateway);
    const { status, body } = await bench.requests().execute(placeRequest({ orderId: 'plain' }));
    expect(status).toBe(201);
    expect(body).toMatchObject({ status: 'captured', amount: { minor: '1000', currency: 'EUR' } });
    expect(body.readToken).toBeDefined();
    expect(gateway.containers).toHaveLength(1);
    await eventually(
      'the token is deleted',
      async () => (await bench.count('private_details')) === 0,
    );
    const rows = await bench.log.readStream(paymentOf('plain'));
    expect(rows.map((row) => row.data.toString()).join()).not.toContain('pm_card_visa');
  });

  it('survives a death between writing the call down and making it: one charge', async () => {
    const real = new FakeGateway();
    const dying = Object.assign(Object.create(real) as FakeGateway, {
      authorize: () => Promise.reject(new Error('the process died here')),
    });
    const first = bench.startWorker(dying, 'intent-1', 60_000);
    const requests = bench.requests(50);
    expect(await outcomeOf(requests.execute(placeRequest({ orderId: 'crash' })))).toBe(202);
    await first.stop();
    expect(real.containers).toHaveLength(0);

    bench.startWorker(real, 'intent-1');
    await eventually(
      'authorized',
      async () => (await statusOfPayment(paymentOf('crash'))) === 'succeeded',
    );
    expect(real.containers).toHaveLength(1);
  });

  it('makes no call that it wrote down long ago: another process may have ended it meanwhile', async () => {
    const gateway = new FakeGateway();
    await outcomeOf(bench.requests(50).execute(placeRequest({ orderId: 'frozen' })));
    let now = Date.now();
    const { intents, log } = bench;
    const commits = new GroupCommit(log);
    const freezing = Object.assign(Object.create(commits) as GroupCommit, {
      submit: async (append: Append) => {
        const answer = await commits.submit(append);
        now += 3_600_000;
        return answer;
      },
    });
    const engine = new Engine({
      intents,
      appends: freezing,
      gateways: new Map([['stripe-main', gateway]]),
      limits: LIMITS,
      leaseMs: 30_000,
      logger: createLogger('intent-spec', { level: 'silent' }),
      now: () => new Date(now),
    });
    const [claimed] = await claimWork(bench.pool, 1, 1, 'intent-1');
    await engine.advance(claimed!);
    await commits.drain();
    expect(gateway.containers).toEqual([]);
  });

  it('survives a death between the call and its answer: the same key, one charge', async () => {
    const real = new FakeGateway();
    const dying = Object.assign(Object.create(real) as FakeGateway, {
      async authorize(request: Parameters<FakeGateway['authorize']>[0]) {
        await real.authorize(request);
        throw new Error('the process died here');
      },
    });
    const first = bench.startWorker(dying, 'intent-1', 60_000);
    await outcomeOf(bench.requests(50).execute(placeRequest({ orderId: 'crash' })));
    await first.stop();

    bench.startWorker(real, 'intent-1');
    await eventually(
      'authorized',
      async () => (await statusOfPayment(paymentOf('crash'))) === 'succeeded',
    );
    expect(real.containers).toHaveLength(1);
    expect(real.calls.filter((call) => call.startsWith('authorization'))).toHaveLength(2);
  });

  it('takes a gateway that commits and hangs up for unknown, and asks: exactly one charge', async () => {
    const weather = ['done_then_lost', 'lost', 'fine'] as const;
    let call = 0;
    const gateway = new FakeGateway(() => weather[call++] ?? 'fine');
    bench.startWorker(gateway);
    const { status, body } = await bench.requests().execute(placeRequest({ orderId: 'timeout' }));
    expect([status, body.status]).toEqual([201, 'captured']);
    expect(gateway.containers).toHaveLength(1);
    const rows = await bench.log.readStream(paymentOf('timeout'));
    const outcomes = rows.map((row) => /"outcome":"(\w+)"/.exec(row.data.toString())?.[1]);
    expect(outcomes).toContain('unknown');
    expect(outcomes).not.toContain('refused');
  });

  it('lets two processes work side by side: every payment is called for once', async () => {
    const gateway = new FakeGateway();
    bench.startWorker(gateway, 'intent-1');
    bench.startWorker(gateway, 'intent-2');
    const orders = Array.from({ length: 40 }, (_, index) =>
      placeRequest({ orderId: `many-${index}` }),
    );
    const answers = await Promise.all(orders.map((order) => bench.requests().execute(order)));
    expect(answers.every(({ status }) => status === 201)).toBe(true);
    expect(gateway.calls).toHaveLength(40);
    expect(gateway.containers).toHaveLength(40);
  });

  it('cancels at the gateway what its shopper abandoned, and only then', async () => {
    const gateway = new FakeGateway();
    bench.startWorker(gateway);
    const method = 'pm_card_authenticationRequired';
    const { body } = await bench.requests().execute(placeRequest({ orderId: 'gone', method }));
    expect(body.nextAction).toMatchObject({ type: 'redirect' });
    expect(gateway.containers[0]?.status).toBe('requires_action');
    const closed = await eventually('closed', async () => {
      const { intent } = await bench.known(paymentOf('gone'));
      return intent.payment.closed && intent.payment;
    });
    expect([closed.label, closed.final]).toEqual(['canceled', true]);
    expect(gateway.containers[0]?.status).toBe('canceled');
    await eventually(
      'what is private is forgotten',
      async () => (await bench.count('private_details')) === 0,
    );
  });

  it('asks at once when somebody wants to know: a shopper who came back', async () => {
    const gateway = new FakeGateway();
    bench.startWorker(gateway);
    const method = 'pm_card_authenticationRequired';
    await bench.requests().execute(placeRequest({ orderId: 'back', method }));
    gateway.approve(paymentOf('back'));
    const { intents, poke } = bench;
    const logger = createLogger('intent-spec', { level: 'silent' });
    const verification = new Verification({ intents, poke, logger, waitMs: 3_000 });
    await verification.verify(paymentOf('back'));
    const view = await bench.reader.view(paymentOf('back'));
    expect(view?.status).toBe('captured');
    expect(view?.nextAction).toBeUndefined();
    // Nothing is open any more, so nothing is asked.
    const asked = gateway.calls.length;
    await verification.verify(paymentOf('back'));
    expect(gateway.calls).toHaveLength(asked);
  });

  it('moves nothing new through a stopped account, and goes on when it is switched on', async () => {
    const gateway = new FakeGateway();
    bench.startWorker(gateway);
    const place = placeRequest({ orderId: 'switched', captureMode: 'manual' });
    await bench.requests().execute(place);
    const { upsertSwitch } = await import('../intent/known.sql.js');
    const change = { account: 'stripe-main', reason: 'drill', operator: 'spec' };
    await upsertSwitch(bench.pool, { ...change, stopped: true });
    expect(await outcomeOf(bench.requests().execute(placeRequest({ orderId: 'other' })))).toBe(
      '409 gateway_account_stopped',
    );
    const { request, ...rest } = place;
    const capture = {
      ...rest,
      key: 'capture',
      status: 200 as const,
      request: {
        type: 'capture' as const,
        reference: 'parcel-1',
        id: 'req-capture',
        at: new Date().toISOString(),
        byMessage: false,
        paymentId: request.paymentId,
        storefront: 'shop',
        orderId: 'switched',
        attempt: 1,
      },
    };
    expect(await outcomeOf(bench.requests(200).execute(capture))).toBe(202);
    expect(gateway.containers[0]?.captured).toBe(0n);
    await upsertSwitch(bench.pool, { ...change, stopped: false });
    bench.poke();
    await eventually('captured', async () => gateway.containers[0]?.captured === 1000n);
    // The stored 202 is answered with the present state.
    expect(await outcomeOf(bench.requests().execute(capture))).toBe(200);
  });

  it('lists and measures what is in doubt, by age, until it is resolved', async () => {
    const sky = { now: 'lost' as Weather };
    bench.startWorker(new FakeGateway(() => sky.now));
    expect(await outcomeOf(bench.requests(50).execute(placeRequest({ orderId: 'doubt' })))).toBe(
      202,
    );
    await eventually('in doubt', async () => (await selectUnresolved(bench.pool, 0, 9)).length > 0);
    const [listed] = await selectUnresolved(bench.pool, 0, 9);
    expect(listed).toMatchObject({ orderId: 'doubt', why: 'unknown outcome' });
    expect(await selectUnresolved(bench.pool, 3_600_000, 9)).toEqual([]);
    await bench.pool.query(`update work set since = now() - interval '2 hours'`);
    expect(await selectUnresolved(bench.pool, 3_600_000, 9)).toHaveLength(1);
    await tellUnresolved(bench.pool, ['stripe-main']);
    const measured = (age: string, count: number) =>
      `intent_unresolved_payments{account="stripe-main",age="${age}"} ${count}`;
    expect(await metrics.metrics()).toContain(measured('1d', 1));
    sky.now = 'fine';
    await eventually('resolved', async () => {
      await bench.pool.query(`update work set due_at = now()`);
      bench.poke();
      return (await selectUnresolved(bench.pool, 0, 9)).length === 0;
    });
    await tellUnresolved(bench.pool, ['stripe-main']);
    expect(await metrics.metrics()).toContain(measured('1d', 0));
  });

  it('gives back what a capture took whose process died while the order was cancelled', async () => {
    const real = new FakeGateway();
    const dying = Object.assign(Object.create(real) as FakeGateway, {
      authorize: (asked: Parameters<FakeGateway['authorize']>[0]) => real.authorize(asked),
      async capture(request: Parameters<FakeGateway['capture']>[0]) {
        await real.capture(request);
        throw new Error('the process died here');
      },
    });
    const first = bench.startWorker(dying, 'intent-1', 60_000);
    const place = placeRequest({ orderId: 'race', captureMode: 'manual' });
    await bench.requests().execute(place);
    const order = { storefront: 'shop', orderId: 'race' };
    const ship = message(0n, 'OrderReadyToShip', { ...order, reference: 'parcel', final: false });
    await bench.orders.onBatch(batch([ship], 0n));
    bench.poke();
    await eventually('captured', async () => real.containers[0]?.captured === 1000n);
    await bench.orders.onBatch(batch([message(1n, 'OrderCancelled', order)], 1n));
    await first.stop();
    bench.startWorker(real, 'intent-1');
    await eventually('given back', async () => real.refundedOf('pi_1') === 1000n);
    await eventually('final', async () => {
      const { payment } = (await bench.known(paymentOf('race'))).intent;
      return payment.final && payment.label === 'refunded';
    });
    expect([real.capturedTwice, real.refunds.length]).toEqual([0, 1]);
  });
});
