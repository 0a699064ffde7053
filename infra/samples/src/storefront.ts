/**
 * A storefront in one file, without a line of Paylog's own code: it places an order, waits for what happens to the
 * payment, and tries again when the card is declined.
 *
 *   npm run up                                  in one terminal
 *   npm run sample                              in another
 *
 * A real storefront sets INTENT_URL, PAYMENT_STATE_URL and API_KEY; the sample finds those of the local system by itself.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

interface Where {
  readonly intent: string;
  readonly paymentState: string;
  readonly apiKey: string;
}

/** The answer to creating an intent, as far as a storefront needs it. */
interface Intent {
  readonly paymentId: string;
  readonly status: string;
  readonly nextAction?: { readonly type: string; readonly url?: string };
  readonly refusal?: {
    readonly reason: string;
    readonly retryable: boolean;
    readonly messageKey: string;
  };
  /** Lets a browser read this one payment for a while: `…/stream?token=`. */
  readonly readToken: string;
}

interface Payment {
  readonly label: string;
  /** Nothing more will come of it by itself. Cancel an order on `failed` and `final`, never on `failed` alone. */
  readonly final: boolean;
}

const WAIT_MS = 60_000;

async function main(): Promise<void> {
  const where = whereIsPaylog();
  const orderId = `sample-${randomUUID().slice(0, 8)}`;
  // The first card is declined, the second one is good.
  const cards = ['pm_card_visa_chargeDeclinedInsufficientFunds', 'pm_card_visa'];
  for (const [index, paymentMethod] of cards.entries()) {
    const attempt = index + 1;
    const intent = await placeOrder(where, { orderId, attempt, paymentMethod });
    say(`attempt ${attempt}: ${intent.paymentId} is ${intent.status}`);
    if (intent.nextAction?.url) say(`the shopper must go to ${intent.nextAction.url}`);

    const payment = await outcomeOf(where, intent);
    say(`attempt ${attempt}: ${payment.label}${payment.final ? ', final' : ''}`);
    if (payment.label === 'captured') return say(`order ${orderId} is paid`);
    if (intent.refusal)
      say(`the shopper reads "${intent.refusal.messageKey}" and takes another card`);
  }
  throw new Error(`order ${orderId} was not paid in ${cards.length} attempts`);
}

/**
 * The order's number and the attempt name the payment, so placing it twice can't charge twice. The key makes a repeat
 * after a lost answer return the same answer.
 */
async function placeOrder(
  { intent, apiKey }: Where,
  order: { orderId: string; attempt: number; paymentMethod: string },
): Promise<Intent> {
  const key = `${order.orderId}-${order.attempt}`;
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const response = await fetch(`${intent}/v1/payment-intents`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify({ ...order, amount: { minor: '4990', currency: 'EUR' } }),
    });
    if (response.ok) return (await response.json()) as Intent;
    // 409: the earlier attempt is being closed. 429 and 503: come again. All of them say when.
    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
    if (Number.isNaN(retryAfter) || Date.now() > deadline) {
      throw new Error(`${response.status}: ${await response.text()}`);
    }
    await pause(Math.max(retryAfter, 0.2) * 1_000);
  }
}

/** What a waiting screen does in the browser with an EventSource: read the payment's own stream until it is decided. */
async function outcomeOf(
  { paymentState }: Where,
  { paymentId, readToken }: Intent,
): Promise<Payment> {
  const url = `${paymentState}/v1/payments/${paymentId}/stream?token=${readToken}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(WAIT_MS) });
  if (!response.ok || !response.body)
    throw new Error(`${response.status}: ${await response.text()}`);
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const messages = text.split('\n\n');
    text = messages.pop() ?? '';
    for (const message of messages) {
      const payment = stateIn(message);
      if (payment && (payment.label === 'captured' || payment.final)) return payment;
    }
  }
  throw new Error('the stream ended before the payment was decided; read GET /v1/payments/{id}');
}

function stateIn(message: string): Payment | undefined {
  const line = message.split('\n').find((each) => each.startsWith('data: '));
  if (!line) return undefined;
  const event = JSON.parse(line.slice('data: '.length)) as { data: { state: Payment } };
  return event.data.state;
}

function whereIsPaylog(): Where {
  const { INTENT_URL, PAYMENT_STATE_URL, API_KEY } = process.env;
  if (INTENT_URL && PAYMENT_STATE_URL && API_KEY) {
    return { intent: INTENT_URL, paymentState: PAYMENT_STATE_URL, apiKey: API_KEY };
  }
  try {
    const file = new URL('../../../.paylog/run.json', import.meta.url);
    const run = JSON.parse(readFileSync(file, 'utf8')) as {
      services: Record<string, string[]>;
      apiKey: string;
    };
    const [intent, paymentState] = [
      run.services['intent']?.[0],
      run.services['payment-state']?.[0],
    ];
    if (intent && paymentState) return { intent, paymentState, apiKey: run.apiKey };
  } catch {
    // No system of this checkout is up.
  }
  throw new Error(
    'Start the local system with `npm run up`, or set INTENT_URL, PAYMENT_STATE_URL and API_KEY.',
  );
}

function say(text: string): void {
  console.log(text);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
