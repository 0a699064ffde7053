import { fromWireMoney, paymentId as idOf, stableId } from '@paylog/contracts';
import { GroupCommit, openLanes, postgresLog } from '@paylog/event-sourcing';
import type { GatewayClient } from '@paylog/gateways';
import { ReadTokenSigner } from '@paylog/http';
import type { Batch, ConsumedMessage } from '@paylog/kafka';
import { createLogger } from '@paylog/observability';
import { createDataSource, createPool, migrate } from '@paylog/postgres';
import { createServiceDatabase } from '@paylog/testing';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { Engine } from '../engine/engine.js';
import { Worker } from '../engine/worker.js';
import { HttpRequests, type HttpAnswer, type HttpRequest } from '../ingest/http-requests.js';
import { orderName } from '../ingest/order-messages.js';
import { OrdersHandler } from '../ingest/orders.handler.js';
import { Intents } from '../intent/intents.js';
import type { Known } from '../intent/state.js';
import { MIGRATIONS } from '../migrations/index.js';
import { IntentReader } from '../query/intent-reader.js';
import { STOREFRONTS } from './storefronts.js';

export const LIMITS = {
  abandonAfterMs: 1_500,
  pendingLimitMs: 500,
  unknownRetryMs: 50,
  lateSuccess: 'refund',
} as const;
const logger = createLogger('intent-spec', { level: 'silent' });
const GROUP = 'intent.orders';

/** The service on a real Postgres, without Kafka and HTTP around it; the gateway is the spec's own. */
export async function openBench() {
  const database = await createServiceDatabase('intent');
  const source = createDataSource(database.ownerUrl, { migrations: MIGRATIONS });
  await migrate(source);
  await source.destroy();
  const owner = createPool(database.ownerUrl, { name: 'intent-spec-owner' });
  await openLanes(owner, 'intents');
  await owner.end();
  const pool = createPool(database.serviceUrl, { name: 'intent-spec', max: 20 });
  const log = await postgresLog(pool, 'intents');
  const intents = new Intents(log, pool);
  const appends = new GroupCommit(log);
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const reader = new IntentReader(intents, new ReadTokenSigner(pem));
  const workers: Worker[] = [];
  const poke = () => {
    for (const worker of workers) worker.poke();
  };
  log.onAppended(poke);

  return {
    pool,
    log,
    intents,
    reader,
    poke,
    orders: new OrdersHandler({ intents, storefronts: STOREFRONTS, group: GROUP, logger }),

    /** A process of the service: `owner` is its instance name. */
    startWorker(gateway: GatewayClient, owner = 'intent-1', leaseMs = 5_000): Worker {
      const gateways = new Map([['stripe-main', gateway]]);
      const engine = new Engine({ intents, appends, gateways, limits: LIMITS, leaseMs, logger });
      const options = { engine, pool, owner, atOnceMax: 8, leaseMs, everyMs: 20, logger };
      const worker = new Worker(options);
      worker.start();
      workers.push(worker);
      return worker;
    },

    requests(waitMs = 3_000): HttpRequests {
      return new HttpRequests({ intents, appends, reader, logger, poke, waitMs });
    },

    async known(paymentId: string): Promise<Known> {
      return (await intents.load(paymentId)).known;
    },

    async count(table: string, where = 'true'): Promise<number> {
      const { rows } = await pool.query<{ n: number }>(
        `select count(*)::int as n from ${table} where ${where}`,
      );
      return rows[0]?.n ?? 0;
    },

    async close(): Promise<void> {
      await Promise.all(workers.map((worker) => worker.stop()));
      await appends.drain();
      await pool.end();
      await database.drop();
    },
  };
}

export type Bench = Awaited<ReturnType<typeof openBench>>;

export interface PlaceOptions {
  readonly orderId: string;
  readonly attempt?: number;
  readonly minor?: string;
  readonly method?: string;
  readonly captureMode?: 'automatic' | 'manual';
  readonly key?: string;
}

/** `POST /v1/payment-intents` as the controller hands it on. */
export function placeRequest(options: PlaceOptions): HttpRequest {
  const { orderId, attempt = 1, minor = '1000', method = 'pm_card_visa' } = options;
  const { key = `key ${orderId} ${attempt}`, captureMode = 'automatic' } = options;
  const order = orderName(STOREFRONTS, 'shop', orderId, attempt);
  return {
    scope: { storefront: 'shop', caller: 'shop-key' },
    key,
    digest: createHash('sha256').update(JSON.stringify(options)).digest('hex'),
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    status: 201,
    request: {
      ...order,
      type: 'place',
      id: stableId('req', 'shop', key),
      at: new Date().toISOString(),
      byMessage: false,
      mode: 'test',
      amount: fromWireMoney({ minor, currency: 'EUR' }),
      captureMode,
      account: 'stripe-main',
      gateway: 'stripe',
    },
    details: { paymentMethod: method },
    ...(attempt > 1 ? { previousPaymentId: paymentOf(orderId, attempt - 1) } : {}),
  };
}

export function paymentOf(orderId: string, attempt = 1): string {
  return idOf({ mode: 'test', storefront: 'shop', orderId, attempt });
}

/** An answer, or the status and code of the problem. */
export async function outcomeOf(asked: Promise<HttpAnswer>): Promise<number | string> {
  try {
    return (await asked).status;
  } catch (error) {
    const { document } = error as { document?: { status: number; code: string } };
    if (!document) throw error;
    return `${document.status} ${document.code}`;
  }
}

/** A message of the storefront's topic. */
export function message(
  offset: bigint,
  type: string,
  data: unknown,
  id = `event-${offset}`,
): ConsumedMessage {
  return {
    topic: 'storefront.orders.v1',
    partition: 0,
    offset,
    key: null,
    value: Buffer.from(typeof data === 'string' ? data : JSON.stringify(data)),
    headers: { ce_id: id, ce_type: type },
    timestamp: '0',
  };
}

export function batch(messages: readonly ConsumedMessage[], from?: bigint): Batch {
  const first = messages[0]?.offset ?? 0n;
  const last = messages.at(-1)?.offset ?? 0n;
  const topic = 'storefront.orders.v1';
  return { topic, partition: 0, messages, from: from ?? first, to: last + 1n };
}
