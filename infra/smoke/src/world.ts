import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  ACCOUNT,
  type NativePostgres,
  newFolder,
  repository,
  startNativePostgres,
  startSystem,
  STATEFUL_SERVICES,
  type StatefulService,
  type System,
} from '@paylog/local';
import { type Brokers, startBrokers } from './brokers.js';
import { Load } from './load/load.js';
import { Snapshots } from './snapshots.js';
import type { Acked, Excuse, Witness } from './witness.js';

export interface WorldOptions {
  readonly seed: number;
  readonly brokers: 1 | 3;
  /** The folder that holds `services/`, built. Default: this checkout. */
  readonly code?: string;
  readonly serviceEnvironment?: Partial<Record<StatefulService, Readonly<Record<string, string>>>>;
  /** Default: what two cores bear. */
  readonly ordersPerSecond?: number;
  readonly webhooksPerSecond?: number;
  /** Told what the supervision sees. */
  readonly report: (line: string) => void;
}

/** A whole system that may be hurt, with servers of its own, under load. */
export interface World {
  readonly folder: string;
  readonly code: string;
  readonly system: System;
  readonly postgres: NativePostgres;
  readonly kafka: Brokers;
  readonly load: Load;
  readonly snapshots: Snapshots;
  readonly excuses: Excuse[];
  readonly witness: Witness;
  /** A superuser's URL of a service's database. */
  database(service: StatefulService): string;
  /** Ends everything. `keep`: the folder stays, with its logs. */
  end(options: { keep: boolean }): Promise<void>;
}

/** Two of each service in the path of an order: one takes over from the other. */
const REPLICAS = { intent: 2, 'webhook-ingest': 2, 'payment-state': 2 } as const;

/** Minutes and hours, made short enough to wait for. */
const TIMINGS = {
  ABANDON_AFTER_MS: '15000',
  PENDING_LIMIT_MS: '3000',
  // The oracle holds evidence against what was sent and signed.
  MISSED_EVENTS_POLL_MS: '0',
  UNKNOWN_RETRY_MS: '500',
  GATEWAY_TIMEOUT_MS: '2000',
  RESPONSE_WAIT_MS: '1500',
};

/** What two cores bear while processes are started again and databases are copied. */
const ORDERS_PER_SECOND = 4;
const WEBHOOKS_PER_SECOND = 40;

/** Starts servers with `fsync`, every service, and the load's ends; nothing of the load runs yet. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const folder = newFolder('crash-test');
  const code = options.code ?? repository;
  const stops: (() => Promise<unknown>)[] = [];
  const stopAll = async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  try {
    const [kafka, postgres] = await settled(
      [startBrokers(folder, options.brokers), startNativePostgres({ folder })] as const,
      (server) => stops.push(() => server.stop()),
    );
    const system = await startSystem({
      folder,
      code,
      announce: false,
      given: { kafkaBrokers: kafka.addresses, postgresUrl: postgres.url },
      environment: TIMINGS,
      ...(options.serviceEnvironment && { serviceEnvironment: options.serviceEnvironment }),
      replicas: REPLICAS,
      report: options.report,
    });
    stops.push(() => system.stop());
    return assemble({ ...options, code }, { folder, kafka, postgres, system, stops, stopAll });
  } catch (error) {
    await stopAll();
    throw error;
  }
}

/** Waits for both; what has started is kept for its end also when the other fails. */
async function settled<A, B>(
  starting: readonly [Promise<A>, Promise<B>],
  started: (server: A | B) => void,
): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled(starting);
  if (first.status === 'fulfilled') started(first.value);
  if (second.status === 'fulfilled') started(second.value);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return [first.value, second.value];
}

interface Parts {
  readonly folder: string;
  readonly kafka: Brokers;
  readonly postgres: NativePostgres;
  readonly system: System;
  readonly stops: (() => Promise<unknown>)[];
  readonly stopAll: () => Promise<void>;
}

function assemble(options: WorldOptions & { code: string }, parts: Parts): World {
  const { folder, kafka, postgres, system, stops, stopAll } = parts;
  const database = (service: StatefulService) => {
    const url = new URL(postgres.url);
    url.pathname = new URL(system.databases[service].url).pathname;
    return url.href;
  };
  const load = loadOf(options, system);
  const snapshots = new Snapshots(join(folder, 'snapshots'), database);
  stops.push(
    () => snapshots.stop(),
    () => load.end(),
  );
  const excuses: Excuse[] = [];
  return {
    folder,
    code: options.code,
    system,
    postgres,
    kafka,
    load,
    snapshots,
    excuses,
    witness: witnessOf(options.code, system, database, load.acked, excuses),
    database,
    async end({ keep }) {
      await stopAll();
      if (!keep) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function loadOf(options: WorldOptions, system: System): Load {
  const { ordersPerSecond = ORDERS_PER_SECOND, webhooksPerSecond = WEBHOOKS_PER_SECOND } = options;
  const { secrets } = system.configuration;
  return new Load({
    seed: options.seed,
    ordersPerSecond,
    reach: {
      intentUrls: system.service('intent').urls,
      stateUrls: system.service('payment-state').urls,
      brokers: system.brokers,
      apiKey: system.apiKey,
    },
    gateway: {
      urls: system.service('webhook-ingest').urls.map((url) => `${url}/webhooks/stripe/${ACCOUNT}`),
      sandboxUrl: system.sandboxUrl,
      account: ACCOUNT,
      apiKey: secrets.STRIPE_MAIN_API_KEY,
      webhookSecret: secrets.STRIPE_MAIN_WEBHOOK_SECRET,
      perSecond: webhooksPerSecond,
    },
  });
}

function witnessOf(
  code: string,
  system: System,
  database: (service: StatefulService) => string,
  acked: Acked,
  excuses: readonly Excuse[],
): Witness {
  const { url, ownerUrl } = system.databases['payment-state'];
  return {
    brokers: system.brokers,
    databases: Object.fromEntries(STATEFUL_SERVICES.map((name) => [name, database(name)])),
    sandboxUrl: system.sandboxUrl,
    serviceUrls: system.run.services,
    apiKey: system.apiKey,
    operatorKey: system.operatorKey,
    acked,
    excuses,
    code,
    environment: {},
    rebuild: { url, ownerUrl },
  };
}
