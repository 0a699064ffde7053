import pg from 'pg';
import { clusterIdOf } from './kafka-admin.js';
import type { Run } from './run-file.js';
import { type ServiceName, SERVICES } from './services.js';

/** How one part answered: a service in its own word (`up`, `degraded`, `down`, …), `silent` when it did not. */
export interface PartHealth {
  readonly part: string;
  readonly state: string;
  readonly where: string;
}

export interface SystemHealth {
  readonly ok: boolean;
  readonly parts: readonly PartHealth[];
}

/** Asks every process of a running system, its Kafka and its Postgres. */
export async function examine(run: Run): Promise<SystemHealth> {
  const services = Object.entries(run.services) as [ServiceName, readonly string[]][];
  const asked = services.flatMap(([service, urls]) =>
    urls.map((url, index) =>
      askService(`${service}-${index + 1}`, url, SERVICES[service].readyPath),
    ),
  );
  const parts = await Promise.all([askKafka(run), askPostgres(run), ...asked]);
  return { ok: parts.every(({ state }) => state === 'up'), parts };
}

async function askService(part: string, url: string, path: string): Promise<PartHealth> {
  try {
    const answer = await fetch(url + path, { signal: AbortSignal.timeout(3000) });
    const body = (await answer.json().catch(() => ({}))) as { status?: unknown };
    const word = typeof body.status === 'string' ? body.status : answer.ok ? 'up' : 'down';
    return { part, state: answer.ok && word === 'ok' ? 'up' : word, where: url };
  } catch {
    return { part, state: 'silent', where: url };
  }
}

async function askKafka({ kafka }: Run): Promise<PartHealth> {
  const answered = clusterIdOf([...kafka.brokers]);
  const state = await answered.then(
    () => 'up',
    () => 'silent',
  );
  return { part: `kafka (${kafka.source})`, state, where: kafka.brokers.join(',') };
}

async function askPostgres({ postgres }: Run): Promise<PartHealth> {
  const client = new pg.Client({ connectionString: postgres.url, connectionTimeoutMillis: 3000 });
  client.on('error', () => {});
  const state = await client
    .connect()
    .then(() => client.query('select 1'))
    .then(
      () => 'up',
      () => 'silent',
    );
  await client.end().catch(() => {});
  return { part: `postgres (${postgres.source})`, state, where: new URL(postgres.url).host };
}
