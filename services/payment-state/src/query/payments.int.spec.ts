import { ask, type Askable } from '../testing/askable.js';
import { record } from '../payment/payment-book.js';
import { captured, operation, paymentOfOrder } from '../testing/facts.js';

const payment = paymentOfOrder('order-1');
const unknown = paymentOfOrder('never-placed');

let asked: Askable;

beforeAll(async () => {
  asked = await ask();
  const facts = captured('order-1').slice(0, 4);
  await record(
    asked.log,
    facts.map((fact) => ({ paymentId: payment, fact })),
    {},
  );
});

afterAll(() => asked.stop());

async function get(path: string, key = 'shop-key') {
  const response = await asked.get(path, key);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('asking for payments', () => {
  it('answers the present state, the attempts of an order, and every event', async () => {
    expect(await get(`/v1/payments/${payment}`)).toMatchObject({
      status: 200,
      body: { paymentId: payment, version: 4, label: 'authorized', order: { orderId: 'order-1' } },
    });
    expect(await get('/v1/payments?orderId=order-1')).toMatchObject({
      body: { payments: [{ paymentId: payment }] },
    });
    expect(await get(`/v1/payments/${payment}/events`)).toMatchObject({
      body: { topic: 'payments.events.v1', events: [{ version: 1 }, {}, {}, { version: 4 }] },
    });
  });

  it.each([
    ['another storefront’s payment', `/v1/payments/${payment}`, 'deli-key', 404],
    ['an unknown payment', `/v1/payments/${unknown}`, 'shop-key', 404],
    ['another storefront’s order', '/v1/payments?orderId=order-1&storefront=shop', 'deli-key', 403],
    ['an id that is none', '/v1/payments/pay-1', 'shop-key', 400],
    ['an order id that can’t be stored', '/v1/payments?orderId=a%00b', 'shop-key', 400],
    ['a key that nobody has', `/v1/payments/${payment}`, 'guess', 401],
    ['what only operators may see', '/operations/parked', 'shop-key', 403],
  ])('refuses %s', async (_, path, key, status) => {
    expect((await get(path, key)).status).toBe(status);
  });

  it('shows operators what is parked', async () => {
    expect(await get('/operations/parked', 'ops-key')).toEqual({
      status: 200,
      body: { parked: [], ages: [] },
    });
  });

  it('lets a read token read its own payment, known or not yet, and no other', async () => {
    const token = await asked.tokens.sign(unknown);
    expect(await get(`/v1/payments/${unknown}`, token)).toMatchObject({
      status: 200,
      body: { label: 'initialized', version: 0 },
    });
    expect((await get(`/v1/payments/${payment}`, token)).status).toBe(403);
    expect((await get('/v1/payments?orderId=order-1', token)).status).toBe(401);
  });

  it('documents its answers', async () => {
    const response = await fetch(`${asked.service.url}/docs-json`);
    expect(JSON.stringify(await response.json())).toContain('Derived; it may go back');
  });
});

describe('the stream of a waiting screen', () => {
  it('sends what is there and what comes, resumes, and ends when the service stops', async () => {
    const token = await asked.tokens.sign(payment);
    const url = `${asked.service.url}/v1/payments/${payment}/stream?token=${token}`;
    const screen = await listen(url);
    expect(await screen.had(4)).toEqual([1, 2, 3, 4]);
    const resumed = await listen(url, '4');
    const fact = operation(payment, 'capture', 'succeeded');
    await record(asked.log, [{ paymentId: payment, fact }], {});
    expect(await resumed.had(1)).toEqual([5]);
    expect(await screen.had(5)).toEqual([1, 2, 3, 4, 5]);
    screen.leave();

    const stopping = Date.now();
    expect(await asked.service.stop()).toBe(true);
    await resumed.ended;
    expect(Date.now() - stopping).toBeLessThan(1_000);
  });
});

/** What EventSource does. */
async function listen(url: string, lastEventId?: string) {
  const aborter = new AbortController();
  const response = await fetch(url, {
    headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
    signal: aborter.signal,
  });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const seen: number[] = [];
  let look = () => {};
  const ended = (async () => {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body!) {
      text += decoder.decode(chunk, { stream: true });
      seen.splice(
        0,
        seen.length,
        ...[...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)),
      );
      look();
    }
  })();
  ended.catch(() => {}); // Left.
  return {
    ended,
    leave: () => aborter.abort(),
    had: (count: number) =>
      new Promise<number[]>((resolve) => {
        look = () => (seen.length >= count ? resolve(seen) : undefined);
        look();
      }),
  };
}
