import { rmSync } from 'node:fs';
import {
  type NativeKafka,
  type NativePostgres,
  newFolder,
  removeAtEnd,
  startNativeKafka,
  startNativePostgres,
  startSystem,
  type System,
} from '@paylog/local';
import { RunningSystem } from '../system.js';

/** Says what happens, and keeps the folder with its logs. */
const TRACED = process.env['SPEC_TRACE'] !== undefined;

/** Minutes and hours, made short enough to wait for. */
const TIMINGS = {
  ABANDON_AFTER_MS: '60000',
  PENDING_LIMIT_MS: '3000',
  UNKNOWN_RETRY_MS: '500',
  GATEWAY_TIMEOUT_MS: '3000',
  RESPONSE_WAIT_MS: '2000',
};

/** A whole system on servers that may be killed. */
export interface OwnSystem {
  readonly system: System;
  /** The same, as its users reach it. */
  readonly running: RunningSystem;
  readonly kafka: NativeKafka;
  readonly postgres: NativePostgres;
  end(): Promise<void>;
}

/** Two replicas of each service in the path of an order, with `fsync`: what dies here dies for real. */
export async function startOwnSystem(name: string): Promise<OwnSystem> {
  const folder = newFolder(name);
  if (!TRACED) removeAtEnd(folder);
  const [kafka, postgres] = await Promise.all([
    startNativeKafka({ folder }),
    startNativePostgres({ folder }),
  ]);
  const stopServers = () => Promise.all([kafka.stop(), postgres.stop()]);
  try {
    // Given, so that they are processes of this machine also where there is a container engine.
    process.env['PAYLOG_KAFKA_BROKERS'] = kafka.brokers.join(',');
    process.env['PAYLOG_POSTGRES_URL'] = postgres.url;
    const system = await startSystem({
      folder,
      announce: false,
      environment: TIMINGS,
      replicas: { intent: 2, 'webhook-ingest': 2, 'payment-state': 2 },
      report: (line) => void (TRACED && process.stderr.write(`${line}\n`)),
    });
    const running = new RunningSystem(system.run);
    return {
      system,
      running,
      kafka,
      postgres,
      async end() {
        await running.close();
        await system.stop();
        await stopServers();
        if (!TRACED) rmSync(folder, { recursive: true, maxRetries: 5 });
      },
    };
  } catch (error) {
    await stopServers();
    throw error;
  }
}

/** Every process of the services that keep something, and how often each was started again. */
export function restartsOf({ system }: OwnSystem): Record<string, number> {
  return Object.fromEntries(system.status().map(({ instance, restarts }) => [instance, restarts]));
}

/** What each process answers at `/health/ready`, the gateway's excepted. */
export async function readiness({ running }: OwnSystem): Promise<{ code: number; word: string }[]> {
  const { 'sandbox-gateway': _gateway, ...services } = running.run.services;
  const asked = Object.values(services)
    .flat()
    .map(async (url) => {
      const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) });
      const { status } = (await answer.json()) as { status: string };
      return { code: answer.status, word: status };
    });
  return Promise.all(asked);
}
