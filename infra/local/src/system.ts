import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Configuration, configure } from './configuration.js';
import { repository, stackFolder } from './places.js';
import { freePort } from './ports.js';
import { type DatabaseUrls, provisionKafka, provisionPostgres } from './provision.js';
import { announce, refuseSecondRun, type Run, withdraw } from './run-file.js';
import {
  SERVICE_NAMES,
  type ServiceName,
  SERVICES,
  STATEFUL_SERVICES,
  type StatefulService,
} from './services.js';
import { type Stack, startStack } from './stack.js';
import {
  type Environment,
  type InstanceSpec,
  type InstanceStatus,
  Supervisor,
} from './supervisor.js';

export interface SystemOptions {
  /** Data, logs and secrets. Default: the checkout's own, which is kept from start to start. */
  readonly folder?: string;
  /** Processes a service; 1 where nothing is said. The sandbox gateway is always one. */
  readonly replicas?: Partial<Record<StatefulService, number>>;
  /** Set for every process, over what this process has. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Set for the processes of one service. */
  readonly serviceEnvironment?: Partial<Record<ServiceName, Readonly<Record<string, string>>>>;
  /** Should `npm run health`, `down`, `verify` … find this system? Default: yes. */
  readonly announce?: boolean;
  /** No fsync in a Postgres of ours. */
  readonly fast?: boolean;
  /** Told what happens, deaths and restarts included. Default: lines on stderr. */
  readonly report?: (line: string) => void;
  /** The folder that holds `services/`, built. Default: this checkout. */
  readonly code?: string;
  /** Servers that are there already. Default: those of the environment, if it names any. */
  readonly given?: Given;
}

/** Addresses of servers that somebody else started and stops. */
export interface Given {
  readonly kafkaBrokers?: readonly string[];
  /** A superuser's. */
  readonly postgresUrl?: string;
}

/** A running system: all services, Kafka and Postgres. */
export interface System {
  /** The addresses of all parts, as plain data. */
  readonly run: Run;
  /** Kafka and Postgres themselves, for who wants to kill one. */
  readonly stack: Stack;
  readonly brokers: string[];
  readonly databases: Readonly<Record<StatefulService, DatabaseUrls>>;
  readonly sandboxUrl: string;
  /** The storefront's key, and one with the scope `operations`. */
  readonly apiKey: string;
  readonly operatorKey: string;
  readonly configuration: Configuration;
  service(name: ServiceName): { readonly instances: string[]; readonly urls: string[] };
  status(): InstanceStatus[];
  /** Kill -9 of one process; it is started again, with `nextLife` in its environment for that one life. */
  kill(instance: string, nextLife?: Environment): Promise<void>;
  /** Says now what will be in the environment of a process's next life, and of that one alone. */
  arm(instance: string, nextLife: Environment | undefined): void;
  /** Kill -9 of one process, which stays away until `release` is called. */
  hold(instance: string): Promise<void>;
  release(instance: string): void;
  /**
   * Stops one process in good order, and waits until its successor is ready; not for one with an
   * environment of its own, which has it for that one life.
   */
  restart(instance: string, nextLife?: Environment): Promise<void>;
  /** Waits until one process is ready (again). */
  ready(instance: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts everything and waits until each part is ready; when one can't start, all are stopped again. */
export async function startSystem(options: SystemOptions = {}): Promise<System> {
  if (options.announce !== false) refuseSecondRun();
  refuseUnbuilt(options.code ?? repository);
  const report = options.report ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const folder = options.folder ?? stackFolder();
  const logs = join(folder, 'logs');
  mkdirSync(logs, { recursive: true });
  const given = options.given ?? givenByEnvironment();
  const stack = await startStack({
    folder,
    postgresUrl: given.postgresUrl,
    kafkaBrokers: given.kafkaBrokers && [...given.kafkaBrokers],
    fast: options.fast ?? false,
  });
  report(`Kafka: ${stack.kafka.source}, Postgres: ${stack.postgres.source}`);
  try {
    return await startOn(stack, folder, logs, report, options);
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

function givenByEnvironment(): Given {
  const { PAYLOG_POSTGRES_URL: postgresUrl, PAYLOG_KAFKA_BROKERS: brokers } = process.env;
  return {
    ...(postgresUrl !== undefined && { postgresUrl }),
    ...(brokers !== undefined && { kafkaBrokers: brokers.split(',') }),
  };
}

async function startOn(
  stack: Stack,
  folder: string,
  logs: string,
  report: (line: string) => void,
  options: SystemOptions,
): Promise<System> {
  const places = await chooseAddresses(options.replicas ?? {});
  const sandboxUrl = urlsOf(places, 'sandbox-gateway')[0] as string;
  const configuration = configure(join(folder, 'secrets'), {
    sandboxUrl,
    webhookUrl: `${urlsOf(places, 'webhook-ingest')[0]}/webhooks/stripe/stripe-main`,
  });
  const [databases] = await Promise.all([
    provisionPostgres(stack.postgres.url, configuration.databasePassword),
    provisionKafka(stack.kafka.brokers),
  ]);
  const supervisor = new Supervisor(
    places.map((place) =>
      specOf(place, { stack, databases, configuration, logs, folder }, options),
    ),
    { report },
  );
  await supervisor.start();
  const run: Run = {
    pid: process.pid,
    configuration: configuration.folder,
    startedAt: new Date().toISOString(),
    services: Object.fromEntries(
      SERVICE_NAMES.map((name) => [name, urlsOf(places, name)]),
    ) as Record<ServiceName, string[]>,
    kafka: { source: stack.kafka.source, brokers: stack.kafka.brokers },
    postgres: { source: stack.postgres.source, url: stack.postgres.url, databases },
    apiKey: configuration.apiKey,
    operatorKey: configuration.operatorKey,
    logs,
  };
  if (options.announce !== false) announce(run);
  return {
    run,
    stack,
    brokers: stack.kafka.brokers,
    databases,
    sandboxUrl,
    apiKey: configuration.apiKey,
    operatorKey: configuration.operatorKey,
    configuration,
    service: (name) => {
      const instances = places.filter(({ service }) => service === name);
      return { instances: instances.map(({ instance }) => instance), urls: urlsOf(places, name) };
    },
    status: () => supervisor.status(),
    kill: async (instance, nextLife) => void (await supervisor.kill(instance, nextLife)),
    arm: (instance, nextLife) => supervisor.arm(instance, nextLife),
    hold: (instance) => supervisor.hold(instance),
    release: (instance) => supervisor.release(instance),
    restart: (instance, nextLife) => supervisor.restart(instance, nextLife),
    ready: (instance) => supervisor.ready(instance),
    stop: async () => {
      if (options.announce !== false) withdraw(run);
      await supervisor.stop();
      await stack.stop();
    },
  };
}

/** A process before it has a port is nobody; with one it has an address that it keeps over its restarts. */
interface Place {
  readonly instance: string;
  readonly service: ServiceName;
  readonly port: number;
  readonly url: string;
}

async function chooseAddresses(replicas: NonNullable<SystemOptions['replicas']>): Promise<Place[]> {
  const counts: Partial<Record<ServiceName, number>> = { ...replicas, 'sandbox-gateway': 1 };
  const wanted = SERVICE_NAMES.flatMap((service) =>
    Array.from({ length: counts[service] ?? 1 }, (_, index) => ({
      service,
      instance: `${service}-${index + 1}`,
    })),
  );
  const ports = await Promise.all(wanted.map(() => freePort()));
  return wanted.map((each, index) => {
    const port = ports[index] as number;
    return { ...each, port, url: `http://127.0.0.1:${port}` };
  });
}

function urlsOf(places: readonly Place[], service: ServiceName): string[] {
  return places.filter((place) => place.service === service).map(({ url }) => url);
}

interface Surroundings {
  readonly stack: Stack;
  readonly databases: Readonly<Record<StatefulService, DatabaseUrls>>;
  readonly configuration: Configuration;
  readonly logs: string;
  readonly folder: string;
}

function specOf(place: Place, around: Surroundings, options: SystemOptions): InstanceSpec {
  const { service, instance, port, url } = place;
  return {
    instance,
    service,
    url,
    command: process.execPath,
    args: [mainOf(options.code ?? repository, service)],
    readyPath: SERVICES[service].readyPath,
    logFile: join(around.logs, `${instance}.log`),
    env: {
      ...process.env,
      KAFKAJS_NO_PARTITIONER_WARNING: '1',
      SERVICE_INSTANCE: instance,
      HTTP_PORT: String(port),
      PAYLOG_MODE: 'test',
      ...(isStateful(service) ? environmentOf(service, around) : sandboxEnvironment(around)),
      ...options.environment,
      ...options.serviceEnvironment?.[service],
    },
  };
}

function environmentOf(
  service: StatefulService,
  { stack, databases, configuration }: Surroundings,
): Record<string, string> {
  const { secrets, files } = configuration;
  return {
    DATABASE_URL: databases[service].url,
    DATABASE_OWNER_URL: databases[service].ownerUrl,
    KAFKA_BROKERS: stack.kafka.brokers.join(','),
    API_KEYS_FILE: files.apiKeys,
    GATEWAY_ACCOUNTS_FILE: files.gatewayAccounts,
    STOREFRONTS_FILE: files.storefronts,
    SECRETS_DIR: configuration.folder,
    // The sandbox makes its reports at once; nobody shall wait a minute for a statement to close.
    STATEMENT_POLL_MS: '2000',
    // Those of gateways are read from their files, so that they can change while a service runs.
    ...Object.fromEntries(
      SERVICES[service].secrets
        .filter((name) => !/^(STRIPE|ADYEN|PAYPAL|GOCARDLESS)_/.test(name))
        .map((name) => [name, secrets[name]]),
    ),
  };
}

function sandboxEnvironment({ configuration, folder }: Surroundings): Record<string, string> {
  return {
    SANDBOX_ACCOUNTS: readFileSync(configuration.files.sandboxAccounts, 'utf8'),
    SANDBOX_OTHER_GATEWAYS: readFileSync(configuration.files.sandboxOthers, 'utf8'),
    SANDBOX_DATA: join(folder, 'sandbox-gateway.json'),
  };
}

function isStateful(service: ServiceName): service is StatefulService {
  return (STATEFUL_SERVICES as ServiceName[]).includes(service);
}

function mainOf(code: string, service: ServiceName): string {
  return join(code, 'services', service, 'dist', 'main.js');
}

function refuseUnbuilt(code: string): void {
  const missing = SERVICE_NAMES.filter((service) => !existsSync(mainOf(code, service)));
  if (missing.length === 0) return;
  throw new Error(`Not built: ${missing.join(', ')}. Run \`npm run build\``);
}
