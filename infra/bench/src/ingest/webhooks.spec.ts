import Stripe from 'stripe';
import { latencies } from './latency.js';
import { signedRequests } from './webhooks.js';

const SECRET = 'whsec_spec';

function requestsOf(count: number): { head: string; body: string }[] {
  const order = { path: '/webhooks/stripe', secret: SECRET, round: 'spec', count };
  const { bytes, starts } = signedRequests(order);
  return Array.from({ length: count }, (_, i) => {
    const [head = '', body = ''] = bytes
      .toString('latin1', starts[i], starts[i + 1])
      .split('\r\n\r\n');
    return { head, body };
  });
}

describe('the webhooks of a round', () => {
  const requests = requestsOf(300);

  it('are whole requests with bodies of about a kilobyte', () => {
    for (const { head, body } of requests) {
      expect(head).toMatch(/^POST \/webhooks\/stripe HTTP\/1\.1\r\n/);
      expect(head).toContain(`Content-Length: ${body.length}`);
      expect(body.length).toBeGreaterThan(950);
      expect(body.length).toBeLessThan(1_100);
    }
  });

  it('are signed so that Stripe’s own library takes them, each with an id of its own', () => {
    const { webhooks } = new Stripe('sk_test_unused');
    const ids = requests.map(({ head, body }) => {
      const signature = /Stripe-Signature: (.+)/.exec(head)?.[1] ?? '';
      return webhooks.constructEvent(body, signature, SECRET).id;
    });
    expect(new Set(ids).size).toBe(300);
  });

  it('name a payment as ours are named, each another', () => {
    const payments = requests.map(({ body }) => /"paylog_payment":"(\w+)"/.exec(body)?.[1] ?? '');
    for (const payment of payments) expect(payment).toMatch(/^pay[a-z2-7]{26}$/);
    expect(new Set(payments).size).toBe(300);
  });
});

it('percentiles are of every reading', () => {
  const took = Float64Array.from({ length: 1_000 }, (_, i) => 1_000 - i);
  expect(latencies(took)).toEqual({ p50: 501, p99: 991, p999: 1_000 });
});
