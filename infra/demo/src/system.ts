import { createKafka } from '@paylog/kafka';
import { readRun, type Run, type ServiceName, type StatefulService } from '@paylog/local';
import type { Kafka } from 'kafkajs';
import pg from 'pg';
import { HttpApi } from './http.js';

/** A running system, as its users and its operators reach it. */
export class RunningSystem {
  readonly kafka: Kafka;
  readonly #pools = new Map<StatefulService, pg.Pool>();

  constructor(readonly run: Run) {
    this.kafka = createKafka({
      brokers: [...run.kafka.brokers],
      clientId: 'paylog-demo',
      // A tool says soon that nobody answers; services wait for ever.
      retry: { retries: 8, initialRetryTime: 100, maxRetryTime: 1_000 },
    });
  }

  /** As the storefront: its requests carry keys and references, so that they can be repeated. */
  shop(service: ServiceName): HttpApi {
    return new HttpApi(this.url(service), { key: this.run.apiKey, repeatable: true });
  }

  /** As an operator. */
  operator(service: ServiceName): HttpApi {
    return new HttpApi(this.url(service), { key: this.run.operatorKey, repeatable: true });
  }

  /** The gateway's own administration, which no provider has. */
  sandbox(): HttpApi {
    return new HttpApi(this.url('sandbox-gateway'));
  }

  url(service: ServiceName): string {
    const [url] = this.run.services[service];
    if (url === undefined) throw new Error(`${service} does not run here`);
    return url;
  }

  /** A service's database, read as the service itself: for what it shows nobody, such as its log's heads. */
  database(service: StatefulService): pg.Pool {
    const open = this.#pools.get(service);
    if (open) return open;
    const pool = new pg.Pool({
      connectionString: this.run.postgres.databases[service].url,
      max: 2,
      connectionTimeoutMillis: 5_000,
    });
    pool.on('error', () => {}); // The next query says what is wrong.
    this.#pools.set(service, pool);
    return pool;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.end()));
  }
}

/** The system of this checkout that runs now, or an error that says how to start one. */
export function runningSystem(): RunningSystem {
  const run = readRun();
  if (run) return new RunningSystem(run);
  throw new Error(
    'Nothing of this checkout runs. Start it with `npm run up`, or with `npm run demo` in another terminal.',
  );
}

/** Runs a command's work on the running system and ends the process with its exit code. */
export async function onRunningSystem(
  work: (system: RunningSystem) => Promise<number>,
): Promise<never> {
  let code = 1;
  try {
    const system = runningSystem();
    code = await work(system).finally(() => system.close());
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
  process.exit(code);
}
