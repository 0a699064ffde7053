import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { GatewayAccount } from '../accounts.js';
import { GatewayFault } from '../fault.js';
import { AUTHORIZATION, PAYMENT, SESSION } from '../testing/stripe-events.js';
import { createStripeClient } from './client.js';

/** A server that reads a request and then does something rude. */
async function listening(rude: (answer: (text: string) => void, hangUp: () => void) => void) {
  let requests = 0;
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      requests += 1;
      rude(
        (text) => socket.end(text),
        () => socket.resetAndDestroy(),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests: () => requests,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

const account = (apiBaseUrl: string): GatewayAccount => ({
  account: 'stripe-main',
  gateway: 'stripe',
  mode: 'test',
  apiBaseUrl,
  apiKey: 'sk_test_1',
  webhookSecrets: [],
  settlement: { dueDays: 0 },
});

const request = {
  paymentId: PAYMENT,
  operationId: AUTHORIZATION,
  sessionOperationId: SESSION,
  call: 1,
  amount: { minor: 1000n, currency: 'EUR' },
  captureMode: 'manual',
  paymentMethod: 'pm_card_visa',
} as const;

describe('createStripeClient', () => {
  const html =
    'HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\noops';
  const half =
    'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n{"id":';
  const foreign = '{"id":"pi_1","object":"payment_intent"}';
  const wrong = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${foreign.length}\r\n\r\n${foreign}`;

  it.each([
    [
      'closes the connection',
      'connection',
      (_answer: (text: string) => void, hangUp: () => void) => hangUp(),
    ],
    ['never answers', 'timeout', () => undefined],
    ['answers HTML', 'gateway_error', (answer: (text: string) => void) => answer(html)],
    ['answers half an object', 'connection', (answer: (text: string) => void) => answer(half)],
    [
      'answers an object we do not know',
      'gateway_error',
      (answer: (text: string) => void) => answer(wrong),
    ],
  ])('a gateway that %s leaves it unknown, after one request', async (_name, reason, rude) => {
    const gateway = await listening(rude);
    try {
      const client = createStripeClient(account(gateway.url), { timeoutMs: 300 });
      const answer = await client.authorize(request);
      expect(answer).toMatchObject({ result: 'unknown', reason });
      // The SDK would repeat a closed connection by itself: no call may be made that nobody wrote down.
      await new Promise((resolve) => setTimeout(resolve, 700));
      expect(gateway.requests()).toBe(1);
    } finally {
      await gateway.close();
    }
  });

  it('can not be made without an API key', () => {
    const { apiKey: _none, ...keyless } = account('http://127.0.0.1:1');
    expect(() => createStripeClient(keyless, { timeoutMs: 300 })).toThrow(GatewayFault);
  });
});
