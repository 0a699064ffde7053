import type { FastifyRequest } from 'fastify';
import { eventually } from '@paylog/testing';
import { FakeGateway } from '../testing/fake-gateway.js';
import {
  batch,
  message,
  openBench,
  outcomeOf,
  paymentOf,
  placeRequest,
  type Bench,
} from '../testing/intent-bench.js';
import { STOREFRONTS } from '../testing/storefronts.js';
import { KeyedRequests } from './keyed-requests.js';
import { MerchantRequests } from './merchant-requests.js';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

describe('an Idempotency-Key', () => {
  it('gives the same answer to the same request, and refuses another one', async () => {
    bench.startWorker(new FakeGateway());
    const asked = placeRequest({ orderId: 'one', key: 'k' });
    const first = await bench.requests().execute(asked);
    const again = await bench.requests().execute(placeRequest({ orderId: 'one', key: 'k' }));
    expect(again).toEqual(first);
    expect(
      await outcomeOf(bench.requests().execute(placeRequest({ orderId: 'two', key: 'k' }))),
    ).toBe('422 idempotency_key_reused');
    expect(await bench.log.readStream(paymentOf('two'))).toEqual([]);
  });

  it('lets one of many simultaneous requests through; the others come again', async () => {
    const gateway = new FakeGateway();
    bench.startWorker(gateway);
    const asked = () => bench.requests().execute(placeRequest({ orderId: 'race', key: 'k' }));
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => outcomeOf(asked())));
    expect(outcomes.filter((outcome) => outcome === 201)).toHaveLength(1);
    expect(new Set(outcomes)).toEqual(new Set([201, '409 request_in_flight']));
    expect(gateway.containers).toHaveLength(1);
    expect(await outcomeOf(asked())).toBe(201);
  });

  it('is answered with the present state where the first answer was 202', async () => {
    const asked = placeRequest({ orderId: 'slow', key: 'k' });
    expect(await outcomeOf(bench.requests(50).execute(asked))).toBe(202);
    expect(await outcomeOf(bench.requests(50).execute(asked))).toBe(202);
    bench.startWorker(new FakeGateway());
    await eventually('answered', async () => {
      const { status, body } = await bench.requests(50).execute(asked);
      return status === 201 && body.status === 'captured';
    });
  });

  it('gives a refusal again, too', async () => {
    bench.startWorker(new FakeGateway());
    const asked = placeRequest({ orderId: 'gap', attempt: 2, key: 'k' });
    const refused = '422 previous_attempt_unknown';
    expect(await outcomeOf(bench.requests().execute(asked))).toBe(refused);
    expect(await outcomeOf(bench.requests().execute(asked))).toBe(refused);
    expect(await bench.log.readStream(paymentOf('gap', 2))).toHaveLength(1);
  });
});

describe('the keys of two API keys', () => {
  it('have nothing to do with each other, whatever they are', async () => {
    const gateway = new FakeGateway();
    bench.startWorker(gateway);
    const of = (caller: string, orderId: string) => {
      const asked = placeRequest({ orderId, key: 'k' });
      const request = { ...asked.request, id: `${caller} k` };
      return bench.requests().execute({ ...asked, request, scope: { ...asked.scope, caller } });
    };
    expect(await outcomeOf(of('web', 'one'))).toBe(201);
    expect(await outcomeOf(of('app', 'two'))).toBe(201);
    expect(await outcomeOf(of('app', 'one'))).toBe('422 idempotency_key_reused');
    expect(gateway.containers).toHaveLength(2);
  });

  it('find the answers given before keys had callers', async () => {
    bench.startWorker(new FakeGateway());
    const asked = placeRequest({ orderId: 'old', key: 'k' });
    const first = await bench.requests().execute(asked);
    await bench.pool.query(`update idempotency set caller = ''`);
    expect(await bench.requests().execute(asked)).toEqual(first);
  });
});

describe('an Idempotency-Key of a request that leaves nothing in a payment', () => {
  const http = (body: unknown, key: string | undefined) =>
    ({
      method: 'POST',
      url: '/v1/gateway-accounts/stripe-main/switch',
      body,
      headers: key === undefined ? {} : { 'idempotency-key': key },
    }) as unknown as FastifyRequest;
  const caller = { kind: 'api_key', id: 'ops', storefront: '*', scopes: [] } as const;
  let runs = 0;
  const keyed = {
    paymentId: null,
    run: async () => ({ run: (runs += 1) }),
    toStore: (answer: { run: number }) => answer,
    fromStored: async (stored: unknown) => stored as { run: number },
  };
  beforeEach(() => {
    runs = 0;
  });

  it('gives the stored answer again, also in another process', async () => {
    const first = await new KeyedRequests(bench.pool, 1_000).once(
      http({ a: 1 }, 'k'),
      caller,
      keyed,
    );
    const again = await new KeyedRequests(bench.pool, 1_000).once(
      http({ a: 1 }, 'k'),
      caller,
      keyed,
    );
    expect([first, again, runs]).toEqual([{ run: 1 }, { run: 1 }, 1]);
  });

  it('refuses another request, and sends away whoever comes while it is answered', async () => {
    const requests = new KeyedRequests(bench.pool, 1_000);
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const slow = { ...keyed, run: () => answered.then(keyed.run) };
    const first = requests.once(http({ a: 1 }, 'k'), caller, slow);
    await eventually('begun', async () => (await bench.count('idempotency')) === 1);
    const code = (asked: Promise<unknown>) =>
      asked.then(
        () => 'answered',
        (error: { document: { status: number } }) => error.document.status,
      );
    expect(await code(requests.once(http({ a: 1 }, 'k'), caller, keyed))).toBe(409);
    expect(await code(requests.once(http({ a: 2 }, 'k'), caller, keyed))).toBe(422);
    answer();
    expect(await first).toEqual({ run: 1 });
    const other = { ...caller, id: 'night shift' };
    expect(await requests.once(http({ a: 2 }, 'k'), other, keyed)).toEqual({ run: 2 });
  });

  it('stores nothing of what failed: whoever comes next tries again', async () => {
    const requests = new KeyedRequests(bench.pool, 1_000);
    const failing = { ...keyed, run: () => Promise.reject(new Error('Postgres went away')) };
    await expect(requests.once(http({ a: 1 }, 'k'), caller, failing)).rejects.toThrow('went away');
    expect(await requests.once(http({ a: 1 }, 'k'), caller, keyed)).toEqual({ run: 1 });
  });

  it('may be left out', async () => {
    const requests = new KeyedRequests(bench.pool, 1_000);
    await requests.once(http({}, undefined), caller, keyed);
    expect(await bench.count('idempotency')).toBe(0);
  });
});

describe('the same order', () => {
  it('is the same payment under another key, and a conflict with another amount', async () => {
    const gateway = new FakeGateway();
    bench.startWorker(gateway);
    const first = await bench.requests().execute(placeRequest({ orderId: 'twice' }));
    const second = await bench.requests().execute(placeRequest({ orderId: 'twice', key: 'other' }));
    expect(second.status).toBe(200);
    expect(second.body.paymentId).toBe(first.body.paymentId);
    const rows = await bench.log.readStream(paymentOf('twice'));
    const dearer = placeRequest({ orderId: 'twice', minor: '1001', key: 'third' });
    expect(await outcomeOf(bench.requests().execute(dearer))).toBe('409 intent_conflicted');
    const after = await bench.log.readStream(paymentOf('twice'));
    expect(after.slice(rows.length).map(({ type }) => type)).toEqual(['IntentConflicted']);
    expect(gateway.containers).toHaveLength(1);
  });

  it('may be tried again after a decline, once the first attempt is closed', async () => {
    const gateway = new FakeGateway();
    bench.startWorker(gateway);
    const method = 'pm_card_visa_chargeDeclined';
    const first = await bench.requests().execute(placeRequest({ orderId: 'declined', method }));
    expect(first.status).toBe(201);
    expect(first.body.refusal).toMatchObject({ declineClass: 'hard', retryable: false });
    await eventually(
      'closed',
      async () => (await bench.known(paymentOf('declined'))).intent.payment.final,
    );
    const second = await bench
      .requests()
      .execute(placeRequest({ orderId: 'declined', attempt: 2 }));
    expect([second.status, second.body.status]).toEqual([201, 'captured']);
    expect(gateway.containers.map(({ status }) => status)).toEqual(['canceled', 'succeeded']);
  });

  it('waits for an open attempt to be closed, and is refused once that one won', async () => {
    const gateway = new FakeGateway();
    bench.startWorker(gateway);
    const method = 'pm_card_authenticationRequired';
    await bench.requests().execute(placeRequest({ orderId: 'open', method }));
    const next = placeRequest({ orderId: 'open', attempt: 2 });
    expect(await outcomeOf(bench.requests().execute(next))).toBe('409 previous_attempt_open');
    const answer = await eventually('accepted', async () => {
      const outcome = await outcomeOf(bench.requests().execute(next));
      return outcome !== '409 previous_attempt_open' && outcome;
    });
    expect(answer).toBe(201);
    expect(gateway.containers.map(({ status }) => status)).toEqual(['canceled', 'succeeded']);
    expect(
      await outcomeOf(bench.requests().execute(placeRequest({ orderId: 'open', attempt: 3 }))),
    ).toBe('409 previous_attempt_succeeded');
  });
});

describe('a request with a reference and no Idempotency-Key', () => {
  it('is judged anew when it was refused, and done once when it was accepted', async () => {
    const gateway = new FakeGateway();
    const card = 'pm_card_authenticationRequired';
    const place = placeRequest({ orderId: 'again', method: card, captureMode: 'manual' });
    bench.startWorker(gateway);
    await bench.requests().execute(place);
    const id = paymentOf('again');
    const requests = new MerchantRequests(bench.requests(1_000), bench.intents, STOREFRONTS);
    const refund = () => {
      const url = `/v1/payment-intents/${id}/refunds`;
      const http = { method: 'POST', url, body: { reference: 'r' }, headers: {}, id: '', raw: {} };
      const caller = { kind: 'api_key', id: 'k', storefront: 'shop', scopes: [] } as const;
      const asked = { type: 'refund', reference: 'r' } as const;
      return outcomeOf(requests.about(http as unknown as FastifyRequest, caller, id, asked));
    };
    expect(await refund()).toBe('409 nothing_captured');
    expect(await refund()).toBe('409 nothing_captured');

    gateway.approve(id);
    await bench.intents.pool.query(`update work set due_at = now(), verify_at = now()`);
    bench.poke();
    await eventually('authorized', async () => {
      const { payment } = (await bench.known(id)).intent;
      return payment.label === 'authorized';
    });
    const ship = message(1n, 'OrderReadyToShip', {
      storefront: 'shop',
      orderId: 'again',
      reference: 'parcel',
    });
    await bench.orders.onBatch(batch([ship], 0n));
    await eventually('captured', async () => {
      const { payment } = (await bench.known(id)).intent;
      return payment.label === 'captured';
    });
    expect(await refund()).toBe(200);
    expect(await refund()).toBe(200);
    expect(gateway.refunds).toHaveLength(1);
  });
});
