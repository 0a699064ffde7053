import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  ACCOUNT,
  configure,
  freePort,
  provisionPostgres,
  repository,
  waitFor,
} from '@paylog/local';
import pg from 'pg';
import { ServerProcess } from './server-process.js';

/** A server under measurement, and how to count what it has stored. */
export interface Server {
  readonly process: ServerProcess;
  readonly port: number;
  readonly path: string;
  readonly secret: string;
  /** Webhooks in its database; undefined for the one without. */
  readonly stored?: () => Promise<number>;
}

export interface Surroundings {
  readonly folder: string;
  /** A superuser's. */
  readonly postgresUrl: string;
}

const WITHOUT_DATABASE = fileURLToPath(new URL('./without-database.js', import.meta.url));
const PEER_SECRET = 'whsec_bench';

/** The service as it is shipped and started, without Kafka: it takes webhooks all the same. */
export async function startOurs(
  { folder, postgresUrl }: Surroundings,
  name: string,
  { withoutDatabase = false, flags = [] }: { withoutDatabase?: boolean; flags?: string[] } = {},
): Promise<Server> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const path = `/webhooks/stripe/${ACCOUNT}`;
  const configuration = configure(join(folder, 'secrets'), {
    sandboxUrl: 'http://127.0.0.1:1',
    webhookUrl: url + path,
  });
  const databases = await provisionPostgres(postgresUrl, configuration.databasePassword);
  const { url: databaseUrl, ownerUrl } = databases['webhook-ingest'];
  const secret = configuration.secrets.STRIPE_MAIN_WEBHOOK_SECRET;
  const server = new ServerProcess({
    main: join(repository, 'services/webhook-ingest/dist/main.js'),
    logFile: join(folder, `${name}.log`),
    preload: withoutDatabase ? [WITHOUT_DATABASE] : [],
    flags,
    environment: {
      SERVICE_INSTANCE: name,
      HTTP_PORT: String(port),
      PAYLOG_MODE: 'test',
      KAFKA_BROKERS: '127.0.0.1:1',
      KAFKAJS_NO_PARTITIONER_WARNING: '1',
      DATABASE_URL: databaseUrl,
      DATABASE_OWNER_URL: ownerUrl,
      API_KEYS_FILE: configuration.files.apiKeys,
      GATEWAY_ACCOUNTS_FILE: configuration.files.gatewayAccounts,
      STRIPE_MAIN_WEBHOOK_SECRET: secret,
    },
  });
  const listens = async (): Promise<true | undefined> => {
    const { ok } = await fetch(`${url}/health/live`);
    return ok ? true : undefined;
  };
  await waitFor(`${name} to listen`, listens, { deadlineMs: 120_000 });
  const process = server;
  if (withoutDatabase) return { process, port, path, secret };
  const bodies = databaseOf(postgresUrl, 'paylog_webhook_ingest');
  return { process, port, path, secret, stored: () => countRows(bodies, 'evidence_bodies') };
}

/** `express-typeorm` or `fastify-pg`, with a database of its own on the same Postgres. */
export async function startPeer(
  { folder, postgresUrl }: Surroundings,
  peer: 'express-typeorm' | 'fastify-pg',
): Promise<Server> {
  const database = `peer_${peer.replace('-', '_')}`;
  await createDatabase(postgresUrl, database);
  const url = databaseOf(postgresUrl, database);
  const process = new ServerProcess({
    main: fileURLToPath(new URL(`../peers/${peer}.js`, import.meta.url)),
    logFile: join(folder, `${peer}.log`),
    environment: { DATABASE_URL: url, WEBHOOK_SECRET: PEER_SECRET },
  });
  return {
    process,
    port: await process.port(),
    path: '/webhooks/stripe',
    secret: PEER_SECRET,
    stored: () => countRows(url, 'webhooks'),
  };
}

async function createDatabase(superuserUrl: string, name: string): Promise<void> {
  await withClient(superuserUrl, (client) => client.query(`create database ${name}`));
}

async function countRows(url: string, table: string): Promise<number> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ count: string }>(`select count(*) as count from ${table}`),
  );
  return Number(rows[0]?.count);
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function databaseOf(superuserUrl: string, name: string): string {
  return Object.assign(new URL(superuserUrl), { pathname: `/${name}` }).href;
}
