import { type DynamicModule, Module } from '@nestjs/common';
import { GROUPS, PAYMENTS_INTENTS } from '@paylog/contracts';
import { GroupCommit, type EventLog } from '@paylog/event-sourcing';
import {
  type AccountsSource,
  createStripeClient,
  forAccounts,
  type GatewayClient,
} from '@paylog/gateways';
import { ReadTokenSigner } from '@paylog/http';
import { PARKED_LOGS, ParkedController, type ServiceParts } from '@paylog/service';
import type { IntentConfig } from './config.js';
import { Engine } from './engine/engine.js';
import { deriveFrom } from './engine/reimported.js';
import { Worker } from './engine/worker.js';
import { HttpRequests } from './ingest/http-requests.js';
import { IntentsController } from './ingest/intents.controller.js';
import { KeyedRequests } from './ingest/keyed-requests.js';
import { MerchantRequests } from './ingest/merchant-requests.js';
import type { Storefronts } from './ingest/order-messages.js';
import { ordersConsumer } from './ingest/orders.consumer.js';
import { OrdersHandler } from './ingest/orders.handler.js';
import { PaymentsConsumer } from './ingest/payments.consumer.js';
import { PaymentsHandler } from './ingest/payments.handler.js';
import { replayParked } from './ingest/replay.js';
import { startHousekeeping } from './ingest/housekeeping.js';
import { Intents } from './intent/intents.js';
import { IntentReader } from './query/intent-reader.js';
import { IntentQueriesController } from './query/intents.controller.js';
import { Operations } from './query/operations.js';
import { OperationsController } from './query/operations.controller.js';
import { Verification } from './query/verification.js';

@Module({})
class IntentModule {}

/** What others told about a payment moves nobody's next step so soon: shoppers look at payment-state. */
const GATHER_MS = 500;

export interface Wiring {
  readonly config: IntentConfig;
  readonly accounts: AccountsSource;
  readonly storefronts: Storefronts;
  /** Default: the official clients. Specs give their own. */
  readonly gateways?: ReadonlyMap<string, GatewayClient>;
}

/** The composition root: requests in, decisions and gateway answers out, an engine in between. */
export async function compose(parts: ServiceParts, wiring: Wiring): Promise<DynamicModule> {
  const { pool, logger } = parts;
  const { config, storefronts } = wiring;
  const log = await parts.openLog('intents');
  await parts.relay('intents', PAYMENTS_INTENTS, { onReimported: deriveFrom });
  parts.onStop('accounts', async () => wiring.accounts.stop());
  const appends = new GroupCommit(log);
  parts.onStop('appends', () => appends.drain());
  const intents = new Intents(log, pool);

  const worker = startEngine(parts, wiring, intents, appends);
  const { poke } = worker;
  log.onAppended(poke);

  const orders = new OrdersHandler({
    intents,
    storefronts,
    group: GROUPS.intentOrders.group,
    logger,
  });
  const payments = new PaymentsHandler({
    intents,
    group: GROUPS.intentPayments.group,
    unconfirmedGroup: GROUPS.intentUnconfirmed.group,
    logger,
    poke,
  });
  const reader = new IntentReader(intents, new ReadTokenSigner(config.readTokenPrivateKey));
  const waitMs = config.responseWaitMs;
  const requests = new HttpRequests({ intents, appends, reader, logger, poke, waitMs });
  const verification = new Verification({ intents, logger, poke, waitMs });
  const accounts = wiring.accounts.current().map(({ account }) => account);
  const operations = new Operations({
    intents,
    verification,
    accounts: new Set(accounts),
    stuckAfterMs: config.stuckAfterMs,
    logger,
    poke,
  });

  const topics = [...new Set(storefronts.list.map(({ topic }) => topic))];
  consume(parts, log, topics);
  const projectPayment = payments.onParked.bind(payments);
  const askAbout = payments.onParkedUnconfirmed.bind(payments);
  parts.parking(log, (rows) => replayParked(rows, { log, orders, projectPayment, askAbout }));
  parts.operations([log], operations.on);
  const housekeeping = startHousekeeping({ log, pool, orders, logger, accounts });
  parts.onStop('housekeeping', () => housekeeping.stop());

  return {
    module: IntentModule,
    controllers: [
      IntentsController,
      IntentQueriesController,
      OperationsController,
      ParkedController,
      ordersConsumer(topics, GROUPS.intentOrders.group),
      PaymentsConsumer,
    ],
    providers: [
      { provide: MerchantRequests, useValue: new MerchantRequests(requests, intents, storefronts) },
      { provide: IntentReader, useValue: reader },
      { provide: KeyedRequests, useValue: new KeyedRequests(pool, waitMs) },
      { provide: Verification, useValue: verification },
      { provide: Operations, useValue: operations },
      { provide: OrdersHandler, useValue: orders },
      { provide: PaymentsHandler, useValue: payments },
      { provide: PARKED_LOGS, useValue: [log] },
    ],
  };
}

function startEngine(
  parts: ServiceParts,
  { config, accounts, gateways }: Wiring,
  intents: Intents,
  appends: GroupCommit,
): Worker {
  const { pool, logger, instance } = parts;
  const timeoutMs = config.gatewayTimeoutMs;
  const clients =
    gateways ??
    forAccounts(accounts, (one) =>
      one.gateway === 'stripe' ? createStripeClient(one, { timeoutMs }) : undefined,
    );
  // A step is one call and its bookkeeping; the lease is renewed before each.
  const leaseMs = timeoutMs + 10_000;
  const { abandonAfterMs, pendingLimitMs, unknownRetryMs, lateSuccess } = config;
  const limits = { abandonAfterMs, pendingLimitMs, unknownRetryMs, lateSuccess };
  const engine = new Engine({ intents, appends, gateways: clients, limits, leaseMs, logger });
  const worker = new Worker({
    engine,
    pool,
    owner: instance,
    atOnceMax: config.gatewayCallsMax,
    leaseMs,
    everyMs: config.workPollMs,
    logger,
  });
  worker.start();
  parts.onStop('engine', () => worker.stop());
  return worker;
}

function consume(parts: ServiceParts, log: EventLog, orderTopics: readonly string[]): void {
  const { intentOrders, intentPayments, intentUnconfirmed } = GROUPS;
  parts.consume({ group: intentOrders.group, topics: orderTopics, log });
  parts.consume({ ...intentPayments, log, gatherMs: GATHER_MS });
  // Read for the few that no signature covers: moving past the others in many commits would cost more than all else here.
  parts.consume({ ...intentUnconfirmed, log, gatherMs: GATHER_MS });
}
