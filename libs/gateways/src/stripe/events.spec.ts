import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GatewayAccount } from '../accounts.js';
import { GatewayFault } from '../fault.js';
import { createStripeEvents, type PolledEvent } from './events.js';

const event = (n: number) => ({
  id: `evt_${n}`,
  object: 'event',
  type: 'payment_intent.succeeded',
  created: 1_772_366_400 + n,
  data: { object: { id: 'pi_1', description: 'Grüße' } },
});

let asked: { path: URLSearchParams; key: string | undefined }[] = [];
let status = 200;
let server: Server;
let account: GatewayAccount;

beforeAll(async () => {
  server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://stripe');
    asked.push({ path: searchParams, key: request.headers.authorization });
    const second = searchParams.has('starting_after');
    const page = second ? [event(1)] : [event(3), event(2)];
    const list = { object: 'list', url: '/v1/events', has_more: !second, data: page };
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(status === 200 ? list : { error: { type: 'api_error', message: 'no' } }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  account = {
    account: 'stripe-main',
    gateway: 'stripe',
    mode: 'test',
    apiBaseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    eventsKey: { name: 'EVENTS', value: 'rk_test_events' },
    webhookSecrets: [],
    settlement: { dueDays: 0 },
  };
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  asked = [];
  status = 200;
});

async function undelivered(): Promise<PolledEvent[]> {
  const found: PolledEvent[] = [];
  const source = createStripeEvents(account, { timeoutMs: 2_000 });
  for await (const one of source!.undelivered('2026-03-01T12:00:00.500Z')) found.push(one);
  return found;
}

describe('events that no webhook brought', () => {
  it('are listed page by page, the oldest first, with the key that may only read events', async () => {
    const found = await undelivered();
    expect(found.map(({ id }) => id)).toEqual(['evt_1', 'evt_2', 'evt_3']);
    expect(JSON.parse(found[0]!.body.toString('utf8'))).toEqual(event(1));
    expect(found[0]).toMatchObject({
      type: 'payment_intent.succeeded',
      createdAt: '2026-03-01T12:00:01.000Z',
    });
    expect(asked.map(({ key }) => key)).toEqual(Array(2).fill('Bearer rk_test_events'));
    const [first] = asked;
    expect(first?.path.get('delivery_success')).toBe('false');
    expect(first?.path.get('created[gte]')).toBe('1772366400');
    expect(asked[1]?.path.get('starting_after')).toBe('evt_2');
  });

  it('are told by nobody when the gateway fails: all or nothing', async () => {
    status = 500;
    const failed = undelivered();
    await expect(failed).rejects.toThrow(GatewayFault);
    await expect(failed).rejects.toMatchObject({ transient: true });
  });

  it('are not asked for without a key', () => {
    const { eventsKey: _key, ...without } = account;
    expect(createStripeEvents(without, { timeoutMs: 1 })).toBeUndefined();
  });
});
