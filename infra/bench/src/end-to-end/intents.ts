import {
  encode,
  factId,
  partitionOf,
  paymentId,
  PAYMENTS_INTENTS,
  toWireFact,
} from '@paylog/contracts';
import { type Append, FLUSH_APPENDS_MAX, postgresLog } from '@paylog/event-sourcing';
import { ACCOUNT, STOREFRONT, type System, waitFor } from '@paylog/local';
import type { Fact } from '@paylog/payment-domain';
import { createPool } from '@paylog/postgres';
import type { Pool } from 'pg';

/**
 * Payments that wait for their webhook: accepted as intent accepts them, through its own log and relay, but with no work
 * at a gateway, which would tell of them before the bench does.
 */
export class Intents {
  readonly #intent: Pool;
  readonly #paymentState: Pool;
  #made = 0;

  constructor({ databases }: System) {
    const options = { name: 'bench', max: 2, connectTimeoutMs: 20_000 };
    this.#intent = createPool(databases.intent.url, options);
    this.#paymentState = createPool(databases['payment-state'].url, options);
  }

  /** Resolves when payment-state knows them all. */
  async accept(count: number): Promise<string[]> {
    const log = await postgresLog(this.#intent, 'intents');
    const known = await this.#known();
    const orders = Array.from({ length: count }, () => `bench-${Date.now()}-${this.#made++}`);
    const appends = orders.map(accepted);
    for (let from = 0; from < count; from += FLUSH_APPENDS_MAX) {
      const some = appends.slice(from, from + FLUSH_APPENDS_MAX);
      // Lanes open a moment after the start: their relay compares them with the topic first.
      const answers = await waitFor('intents to be accepted', () => log.append(some));
      const bad = answers.find(({ status }) => status !== 'appended');
      if (bad) throw new Error(`an intent was not accepted: ${bad.status}`);
    }
    const all = async (): Promise<true | undefined> =>
      (await this.#known()) >= known + count ? true : undefined;
    await waitFor('payment-state to know the intents', all, { deadlineMs: 60_000 });
    return appends.map(({ stream }) => stream);
  }

  async close(): Promise<void> {
    await Promise.all([this.#intent.end(), this.#paymentState.end()]);
  }

  async #known(): Promise<number> {
    const { rows } = await this.#paymentState.query<{ next: string }>(
      'select sum(next_position) as next from payments.lanes',
    );
    return Number(rows[0]?.next);
  }
}

function accepted(orderId: string): Append {
  const payment = paymentId({ mode: 'test', storefront: STOREFRONT, orderId, attempt: 1 });
  const terms: Fact = {
    type: 'terms',
    id: factId('terms', payment),
    at: new Date().toISOString(),
    source: 'request',
    mode: 'test',
    storefront: STOREFRONT,
    orderId,
    attempt: 1,
    amount: { minor: 1_000n, currency: 'EUR' },
    captureMode: 'automatic',
    account: ACCOUNT,
    gateway: 'stripe',
  };
  const data = { paymentId: payment, fact: toWireFact(terms) };
  return {
    lane: partitionOf(payment),
    stream: payment,
    expectedVersion: 0,
    key: terms.id,
    rows: [
      {
        id: terms.id,
        type: 'IntentAccepted',
        schemaVersion: 1,
        source: 'bench',
        time: terms.at,
        data: encode(PAYMENTS_INTENTS, 'IntentAccepted', data as never),
      },
    ],
  };
}
