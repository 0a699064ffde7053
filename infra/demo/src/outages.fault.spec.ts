import { deadLetterTopic } from '@paylog/contracts';
import { TOLERANCE_SECONDS } from '@paylog/gateways';
import { eventually } from '@paylog/testing';
import { bookDifferences, ledgerFigures } from './check-books.js';
import { differencesOf, intentsOf, viewsOf } from './check-payments.js';
import { driveAll, type Driven, whatIsMissing } from './drive.js';
import { Finance } from './finance.js';
import { type Order, planOrders } from './orders.js';
import { openParked, replay } from './parked.js';
import { parkedRowsOf, Poisoner } from './poison.js';
import { waitUntilQuiet } from './quiet.js';
import { rebuildPayments } from './rebuild-payments.js';
import { deliveriesOf, truthOf } from './sandbox-truth.js';
import { SCENARIOS } from './scenarios.js';
import { paymentOf } from './shop.js';
import { type OwnSystem, readiness, restartsOf, startOwnSystem } from './testing/own-system.js';
import {
  accepted,
  type Answer,
  digestOf,
  eventOf,
  Gateway,
  PatientShop,
  place,
  someOrder,
  startTraffic,
} from './testing/traffic.js';
import { verifyLogs } from './verify-logs.js';
import { Watch } from './watch.js';
import { countWebhooks, storedWebhooks } from './webhooks.js';

/*
 * Goal: the whole system keeps its promises while its database, its broker and its processes are killed: one system,
 * real orders, real webhooks, and nobody who puts it right by hand.
 */
jest.setTimeout(150_000);

const ANSWERED_WITHIN_MS = 1_000;
const RESUMED_WITHIN_MS = 40_000;
const ENDED_WITHIN_MS = 60_000;
/** A member's session is 6 s, a lane owner's 5 s. */
const LONGER_THAN_SESSIONS_MS = 8_000;
const MIB = 1_048_576;

let own: OwnSystem;
let gateway: Gateway;
/** Everything that was ordered by any of the tests. */
const ordered: Order[] = [];

beforeAll(async () => {
  // kafkajs writes there whenever the broker is away.
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  own = await startOwnSystem('outages');
  gateway = new Gateway(own);
});
afterAll(async () => {
  await own?.end();
});

/** Whatever a test began and did not get to the end of. */
let undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  undo = [];
});

/** Measured, for whoever runs this: the assertions are about bounds. */
function tell(what: string, figure: number): void {
  process.stderr.write(`  ${what}: ${figure} ms\n`);
}

const lastedFrom = (since: number) => (answer: Answer) =>
  answer.endedAt - Math.max(since, answer.startedAt);

const statusesOf = (answers: readonly Answer[]) => answers.map(({ status }) => status);

async function withWatch<T>(work: (watch: Watch) => Promise<T>): Promise<T> {
  const watch = await Watch.start(own.running.kafka);
  try {
    return await work(watch);
  } finally {
    await watch.close();
  }
}

/** Waits until each order is where its scenario ends, and everything rests. */
async function untilEnded(orders: readonly Order[], watch: Watch): Promise<void> {
  for (const { orderId, scenario } of orders) {
    const id = paymentOf(orderId, 1);
    const missing = () => {
      const last = watch.payment(id);
      return whatIsMissing(scenario.end, { attempts: [last], last });
    };
    const what = () => `${orderId}: ${missing()}`;
    await watch.until(what, [id], () => (missing() ? undefined : true), ENDED_WITHIN_MS);
  }
  await waitUntilQuiet(own.running);
  await watch.caughtUp();
}

/** What differs between scenarios, topics, payment-state and what the gateway did. */
async function differencesAmong(orders: readonly Order[], watch: Watch): Promise<string[]> {
  const [views, truth] = await Promise.all([
    viewsOf(own.running, orders),
    truthOf(own.running.sandbox()),
  ]);
  return orders.flatMap((order) =>
    differencesOf(order, views.get(order.orderId) ?? [], watch, truth),
  );
}

async function intentAtGateway({ orderId }: Order): Promise<string | undefined> {
  const truth = await truthOf(own.running.sandbox());
  return intentsOf(truth, paymentOf(orderId, 1)).find(({ captures }) => captures > 0)?.id;
}

async function paidOrder(): Promise<string> {
  const order = someOrder();
  ordered.push(order);
  const [intent] = own.system.service('intent').urls as [string];
  expect(accepted(await place(own, intent, order))).toBe(true);
  return eventually('the gateway to have the money', () => intentAtGateway(order), {
    deadlineMs: 10_000,
  });
}

describe('a delivery that is not as it should be', () => {
  it('is 404 where gateway or account are unknown', async () => {
    const [url] = gateway.urls as [string];
    const body = eventOf('customer.updated', {});
    for (const unknown of ['stripe/nobody', 'adyen/stripe-main', 'nobody/nobody']) {
      const there = url.replace(/stripe\/.*$/, unknown);
      expect((await gateway.post(there, body)).status).toBe(404);
    }
  });

  it('is 401 and remembered by headers and digest when its signature is missing, wrong or stale', async () => {
    const [url] = gateway.urls as [string];
    const signatures = [
      null,
      (body: Buffer) => gateway.sign(body, { secret: 'whsec_of_a_stranger' }),
      (body: Buffer) => gateway.sign(body, { ageSeconds: TOLERANCE_SECONDS + 5 }),
    ];
    const bodies = signatures.map(() => eventOf('payment_intent.succeeded', { id: 'pi_forged' }));
    for (const [index, body] of bodies.entries()) {
      const signature = signatures[index]?.(body) ?? null;
      expect((await gateway.post(url, body, signature)).status).toBe(401);
    }
    const operator = own.running.operator('webhook-ingest');
    const remembered = await eventually('three refusals to be remembered', async () => {
      type Rejected = { bodySha256: string; reason: string; headers: Record<string, string> };
      const path = '/operations/webhooks/rejected';
      const { rejected } = await operator.get<{ rejected: Rejected[] }>(path);
      const digests = bodies.map(digestOf);
      const mine = rejected.filter(({ bodySha256 }) => digests.includes(bodySha256));
      return mine.length === 3 && mine;
    });
    expect(remembered.every(({ headers }) => headers['content-type'] !== undefined)).toBe(true);
    expect(new Set(remembered.map(({ reason }) => reason)).size).toBe(3);
    const { rejected } = await operator.get<{ rejected: number }>('/operations/webhooks');
    expect(rejected).toBe(3);
    const stored = (await storedWebhooks(own.running)).map(({ sha256 }) => sha256);
    expect(bodies.map(digestOf).filter((digest) => stored.includes(digest))).toEqual([]);
  });

  it('is 413 from one byte over 1 MiB, however well it is signed', async () => {
    const [url] = gateway.urls as [string];
    const event = eventOf('customer.updated', {});
    const padded = (bytes: number) =>
      Buffer.concat([event, Buffer.alloc(bytes - event.length, ' ')]);
    expect((await gateway.post(url, padded(MIB))).status).toBe(200);
    expect((await gateway.post(url, padded(MIB + 1))).status).toBe(413);
  });

  it('is stored and dead-lettered when it is signed and no JSON, and applied when it was mended', async () => {
    const { running, system } = own;
    const { STRIPE_MAIN_API_KEY: apiKey, STRIPE_MAIN_WEBHOOK_SECRET: webhookSecret } =
      system.configuration.secrets;
    await withWatch(async (watch) => {
      const poisoner = new Poisoner(running, watch, { apiKey, webhookSecret });
      try {
        const { poison, sent } = await poisoner.brokenWebhook(await paidOrder());
        expect(sent.status).toBe(200);
        const parked = await parkedRowsOf(running, poison);
        const stored = await storedWebhooks(running);
        expect(stored.filter(({ sha256 }) => sha256 === sent.sha256)).toHaveLength(1);
        await eventually('a dead letter', async () => (await deadLetters()) === 1, {
          deadlineMs: 15_000,
        });
        await replay(running, parked);
      } finally {
        await poisoner.close();
      }
    });
  });
});

async function deadLetters(): Promise<number> {
  const admin = own.running.kafka.admin();
  await admin.connect();
  try {
    const topic = deadLetterTopic('webhooks', 'webhook-ingest');
    const offsets = await admin.fetchTopicOffsets(topic);
    return offsets.reduce((sum, { high }) => sum + Number(high), 0);
  } finally {
    await admin.disconnect();
  }
}

describe('Postgres, killed under load', () => {
  it('is 503 within a second, costs nothing that was acknowledged, and all resumes by itself', async () => {
    const before = restartsOf(own);
    const traffic = startTraffic(own, gateway);
    undo.push(() => traffic.abandon());
    let isBack = false;
    const urls = [...own.system.service('intent').urls, ...gateway.urls];
    const everyReplica = (what: string, since: () => number, test: (answer: Answer) => boolean) =>
      eventually(
        `every replica to ${what}`,
        () =>
          urls.every((url) =>
            traffic.answers.some((one) => {
              return one.url.startsWith(url) && one.startedAt >= since() && test(one);
            }),
          ),
        { deadlineMs: RESUMED_WITHIN_MS },
      );
    await everyReplica('accept', () => 0, accepted);

    const killedAt = Date.now();
    await own.postgres.kill();
    undo.push(() => isBack || own.postgres.start());
    const goneAt = Date.now();
    await everyReplica(
      'refuse',
      () => goneAt,
      ({ status }) => status === 503,
    );
    await everyReplica(
      'refuse again',
      () => goneAt + 2_000,
      ({ status }) => status === 503,
    );
    const backFrom = Date.now();
    await own.postgres.start();
    isBack = true;
    const backAt = Date.now();
    await everyReplica('accept again', () => backAt, accepted);
    tell('Postgres is back → every replica accepts', Date.now() - backAt);
    await traffic.stop();

    const during = traffic.answers.filter(
      ({ startedAt, endedAt }) => endedAt > killedAt && startedAt < backFrom,
    );
    const refused = during.filter((answer) => !accepted(answer));
    expect(new Set(statusesOf(refused))).toEqual(new Set([503]));
    expect(refused.filter(({ retryAfter }) => !(Number(retryAfter) >= 1))).toEqual([]);
    for (const [name, path] of [
      ['intent', '/v1/'],
      ['webhook-ingest', '/webhooks/'],
    ] as const) {
      const longest = Math.max(
        ...refused.filter(({ url }) => url.includes(path)).map(lastedFrom(killedAt)),
      );
      tell(`longest 503 of ${name}`, longest);
      expect(longest).toBeLessThan(ANSWERED_WITHIN_MS);
    }

    ordered.push(...traffic.orders);
    await withWatch(async (watch) => {
      await untilEnded(traffic.orders, watch);
      tell('Postgres is back → all is final and rests', Date.now() - backAt);
      expect(await differencesAmong(traffic.orders, watch)).toEqual([]);
    });
    const stored = await storedWebhooks(own.running);
    const digests = stored.map(({ sha256 }) => sha256);
    expect(traffic.webhooks.filter((digest) => !digests.includes(digest))).toEqual([]);
    expect(new Set(digests).size).toBe(digests.length);
    const sent = await deliveriesOf(own.running.sandbox());
    expect(countWebhooks(sent, stored).lost).toBe(0);
    expect(restartsOf(own)).toEqual(before);
  });
});

describe('Kafka, killed', () => {
  it('keeps no webhook and no order waiting, and all is published and projected when it is back', async () => {
    const before = restartsOf(own);
    const intentId = await paidOrder();
    const bodies = await Promise.all([1, 2, 3, 4].map(() => gateway.paid(intentId)));
    const orders = [1, 2, 3, 4].map(() => someOrder());
    ordered.push(...orders);
    const intents = own.system.service('intent').urls;
    await own.kafka.kill();
    let isBack = false;
    undo.push(() => isBack || own.kafka.start());
    const goneAt = Date.now();
    const seen: Awaited<ReturnType<typeof readiness>> = [];
    const look = async () => {
      const now = await readiness(own);
      seen.push(...now);
      return now;
    };
    await look();

    const told = await Promise.all(
      bodies
        .slice(0, 3)
        .map((body, index) => gateway.post(gateway.urls[index % 2] as string, body)),
    );
    expect(statusesOf(told)).toEqual([200, 200, 200]);
    const placed = await Promise.all(
      orders.map((order, index) => place(own, intents[index % 2] as string, order)),
    );
    expect(statusesOf(placed).filter((status) => status !== 201 && status !== 202)).toEqual([]);
    tell('longest answer to an order without Kafka', Math.max(...placed.map(lastedFrom(0))));
    await eventually(
      'the gateway to have the money of every order',
      async () => (await Promise.all(orders.map(intentAtGateway))).every(Boolean),
      { deadlineMs: 10_000 },
    );
    await eventually(
      'every process to say that it is degraded',
      async () => (await look()).every(({ word }) => word === 'degraded'),
      { deadlineMs: 20_000, everyMs: 250 },
    );
    tell('Kafka is gone → every process says so', Date.now() - goneAt);
    expect(new Set(seen.map(({ code }) => code))).toEqual(new Set([200]));

    await own.system.kill('webhook-ingest-2');
    await own.system.ready('webhook-ingest-2');
    const [last] = bodies.slice(3) as [Buffer];
    expect((await gateway.post(gateway.urls[1] as string, last)).status).toBe(200);
    const stored = (await storedWebhooks(own.running)).map(({ sha256 }) => sha256);
    expect(bodies.map(digestOf).filter((digest) => !stored.includes(digest))).toEqual([]);

    await own.kafka.start();
    isBack = true;
    const backAt = Date.now();
    await eventually(
      'every process to be up',
      async () => (await look()).every(({ word }) => word === 'up'),
      { deadlineMs: RESUMED_WITHIN_MS, everyMs: 250 },
    );
    tell('Kafka is back → every process is up', Date.now() - backAt);
    await withWatch(async (watch) => {
      await untilEnded(orders, watch);
      tell('Kafka is back → all is final and rests', Date.now() - backAt);
      expect(await differencesAmong(orders, watch)).toEqual([]);
    });
    expect(await unprojected(bodies.map(digestOf))).toEqual([]);
    expect(new Set(seen.map(({ code }) => code))).toEqual(new Set([200]));
    const { 'webhook-ingest-2': killed = 0, ...others } = before;
    expect(restartsOf(own)).toEqual({ ...others, 'webhook-ingest-2': killed + 1 });
  });
});

/** Webhooks, by digest, that told no fact, or one that is not in its payment's log. */
async function unprojected(digests: readonly string[]): Promise<string[]> {
  const facts = await own.running.database('webhook-ingest').query<{ id: string; sha256: string }>(
    `select id, convert_from(data, 'utf8')::jsonb -> 'evidence' ->> 'sha256' as sha256
     from facts.rows`,
  );
  const events = await own.running
    .database('payment-state')
    .query<{ id: string }>('select id from payments.rows');
  const projected = new Set(events.rows.map(({ id }) => id));
  return digests.filter((digest) => {
    const own = facts.rows.filter(({ sha256 }) => sha256 === digest);
    return own.length === 0 || own.some(({ id }) => !projected.has(id));
  });
}

describe('processes, killed and frozen under load', () => {
  const KILLED = [
    'intent-1',
    'webhook-ingest-1',
    'payment-state-1',
    'fulfillment-1',
    'reconciliation-1',
  ];
  const FROZEN = ['intent-2', 'webhook-ingest-2', 'payment-state-2'];

  it('cost no order, no cent and no row: every order ends as its scenario says', async () => {
    await withWatch(async (watch) => {
      const load = startLoad(watch);
      undo.push(() => load.abandon());
      await load.moves(5);
      for (const instance of KILLED) {
        const killedAt = Date.now();
        await own.system.kill(instance);
        await own.system.ready(instance);
        tell(`${instance} is killed → ready`, Date.now() - killedAt);
        await load.moves(5);
      }
      const pids = own.system.status().filter(({ instance }) => FROZEN.includes(instance));
      expect(pids).toHaveLength(FROZEN.length);
      for (const { pid } of pids) process.kill(pid as number, 'SIGSTOP');
      const frozenAt = Date.now();
      await load.moves(5);
      await eventually(
        'them to sleep longer than their sessions',
        () => Date.now() - frozenAt > LONGER_THAN_SESSIONS_MS,
        { deadlineMs: LONGER_THAN_SESSIONS_MS + 1_000 },
      );
      for (const { pid } of pids) process.kill(pid as number, 'SIGCONT');
      await Promise.all(FROZEN.map((instance) => own.system.ready(instance)));
      await load.moves(5);

      const driven = await load.stop();
      const drivenAt = Date.now();
      expect(driven.flatMap(({ problem = [] }) => problem)).toEqual([]);
      await waitUntilQuiet(own.running);
      await watch.caughtUp();
      tell(`${driven.length} orders are driven → all rests`, Date.now() - drivenAt);
      ordered.push(...driven.map(({ order }) => order));
      expect(await differencesAmong(ordered, watch)).toEqual([]);
    });
  });

  it('leave nothing captured twice, released twice, parked, out of balance or unlike its log', async () => {
    const { running, system } = own;
    const truth = await truthOf(running.sandbox());
    expect(truth.capturedTwicePayments).toEqual([]);
    const goods = await running
      .operator('fulfillment')
      .get<{ releasedTwice: number; due: number }>('/operations/releases');
    expect(goods).toMatchObject({ releasedTwice: 0, due: 0 });
    expect(await openParked(running)).toEqual([]);

    const finance = await Finance.start(running.kafka);
    try {
      await finance.caughtUp();
      const { entries, imbalance } = ledgerFigures(finance.entries);
      expect(entries).toBeGreaterThan(0);
      expect(Object.values(imbalance).filter((sum) => sum !== '0')).toEqual([]);
      const key = system.configuration.secrets.RECONCILIATION_SIGNING_KEY;
      expect(bookDifferences(finance, truth, { payouts: [], planted: [] }, key)).toEqual([]);
    } finally {
      await finance.close();
    }
    const sent = await deliveriesOf(running.sandbox());
    expect(countWebhooks(sent, await storedWebhooks(running)).lost).toBe(0);
    for await (const { log, ok, said } of verifyLogs(running)) {
      expect({ log, ok, said }).toEqual({ log, ok: true, said });
    }
    const views = [...(await viewsOf(running, ordered)).values()].flat();
    for (const source of ['postgres', 'kafka'] as const) {
      const { equal, differences, payments } = await rebuildPayments(running, source);
      expect({ equal, differences }).toEqual({ equal: true, differences: [] });
      expect(payments).toBe(views.length);
    }
  });
});

interface Load {
  /** Resolves when so many more orders have come to their ends. */
  moves(orders: number): Promise<unknown>;
  stop(): Promise<Driven[]>;
  abandon(): void;
}

/** Orders of every scenario that waits for no long clock, one lot after the other. */
function startLoad(watch: Watch): Load {
  const scenarios = SCENARIOS.filter(({ slow }) => !slow);
  const shop = new PatientShop(own);
  const driven: Driven[] = [];
  let stopped = false;
  const running = (async () => {
    for (let seed = 1; !stopped; seed += 1) {
      const orders = planOrders(scenarios.length, seed, scenarios);
      await driveAll(orders, shop, watch, (one) => void driven.push(one));
    }
  })();
  return {
    moves(orders) {
      const goal = driven.length + orders;
      const what = `${orders} more orders to come to their ends`;
      return eventually(what, () => driven.length >= goal, { deadlineMs: ENDED_WITHIN_MS });
    },
    async stop() {
      stopped = true;
      await running;
      await shop.close();
      return driven;
    },
    abandon() {
      stopped = true;
    },
  };
}
