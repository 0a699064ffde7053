import { createHmac } from 'node:crypto';

/** Where webhooks of a round go, and what they are signed with. */
export interface Deliveries {
  readonly path: string;
  readonly secret: string;
  /** Makes the event ids of this round its own. */
  readonly round: string;
  readonly count: number;
}

/** Signed requests, ready to be written to a socket: all in one buffer, each from its start to the next one's. */
export interface Requests {
  readonly bytes: Buffer;
  readonly starts: Uint32Array;
}

/** Of a request: what Stripe sends, about 1 kB of body and half as much head. */
const REQUEST_BYTES_MAX = 2_048;

/** Made before the clock starts: the generator shares the machine with the server, so it must cost little. */
export function signedRequests({ path, secret, round, count }: Deliveries): Requests {
  const bytes = Buffer.allocUnsafe(count * REQUEST_BYTES_MAX);
  const starts = new Uint32Array(count + 1);
  const seconds = Math.floor(Date.now() / 1_000);
  let at = 0;
  for (let i = 0; i < count; i++) {
    starts[i] = at;
    const body = stripeEvent(`${round}${String(i).padStart(8, '0')}`, seconds);
    const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
    at += bytes.write(head(path, body.length, `t=${seconds},v1=${signature}`), at, 'latin1');
    at += bytes.write(body, at, 'latin1');
  }
  starts[count] = at;
  return { bytes: bytes.subarray(0, at), starts };
}

function head(path: string, length: number, signature: string): string {
  return (
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json; charset=utf-8\r\n` +
    `Content-Length: ${length}\r\nAccept: */*; q=0.5, application/xml\r\nCache-Control: no-cache\r\n` +
    `User-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\nStripe-Signature: ${signature}\r\n\r\n`
  );
}

/** Shaped like a payment id of ours: 26 characters of base32. */
function paymentOf(id: string): string {
  const digits = Buffer.from(id).toString('hex').slice(-24);
  return `pay${digits.replace(/\d/g, (digit) => 'ghijklmnop'[Number(digit)] ?? '').padStart(26, 'a')}`;
}

/** A PaymentIntent that was captured, shortened to 1 kB: ASCII, so a character is a byte. */
function stripeEvent(id: string, created: number): string {
  return JSON.stringify({
    id: `evt_${id}`,
    object: 'event',
    api_version: '2025-09-30.clover',
    created,
    data: {
      object: {
        id: `pi_${id}`,
        object: 'payment_intent',
        amount: 4_999,
        amount_capturable: 0,
        amount_details: { tip: {} },
        amount_received: 4_999,
        automatic_payment_methods: { allow_redirects: 'never', enabled: true },
        canceled_at: null,
        cancellation_reason: null,
        capture_method: 'manual',
        client_secret: null,
        confirmation_method: 'automatic',
        created: created - 60,
        currency: 'eur',
        customer: null,
        description: null,
        last_payment_error: null,
        latest_charge: `ch_${id}`,
        livemode: false,
        metadata: { paylog_payment: paymentOf(id) },
        next_action: null,
        payment_method: `pm_${id}`,
        payment_method_types: ['card'],
        receipt_email: null,
        shipping: null,
        statement_descriptor: null,
        status: 'succeeded',
        transfer_group: null,
      },
    },
    livemode: false,
    pending_webhooks: 1,
    request: { id: `req_${id}`, idempotency_key: null },
    type: 'payment_intent.succeeded',
  });
}
