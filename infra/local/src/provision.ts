import { provisionedTopics } from '@paylog/contracts';
import { createKafka, provisionTopics } from '@paylog/kafka';
import pg from 'pg';
import { askKafka } from './kafka-admin.js';
import { roleOf, SERVICES, STATEFUL_SERVICES, type StatefulService } from './services.js';

const OWNER = 'paylog_owner';
/** May end stored bodies of webhooks, and nothing else: a role for commands, not for a service. */
export const ARCHIVIST = 'paylog_archivist';

/** How to reach a service's database: as its owner, who migrates, and as the service's role. */
export interface DatabaseUrls {
  readonly url: string;
  readonly ownerUrl: string;
}

/** Copies of a partition, where there are as many brokers. */
const REPLICAS = 3;

/** Creates every topic of the contracts, three times where there are three brokers. Safe to repeat. */
export async function provisionKafka(brokers: string[]): Promise<void> {
  const { brokers: members } = await askKafka(brokers, (admin) => admin.describeCluster());
  const kept = members.length >= REPLICAS ? { replicationFactor: REPLICAS } : {};
  await provisionTopics(
    createKafka({ brokers, clientId: 'paylog-provision' }),
    provisionedTopics().map((topic) => ({ ...topic, ...kept })),
  );
}

/** Creates roles and databases that are missing, and gives the roles this password. Safe to repeat. */
export async function provisionPostgres(
  superuserUrl: string,
  password: string,
): Promise<Record<StatefulService, DatabaseUrls>> {
  const client = new pg.Client({ connectionString: superuserUrl });
  await client.connect();
  try {
    for (const role of [OWNER, ARCHIVIST, ...STATEFUL_SERVICES.map(roleOf)]) {
      await ensureRole(client, role, password);
    }
    for (const service of STATEFUL_SERVICES) await ensureDatabase(client, service);
    const bodies = SERVICES['webhook-ingest'].database as string;
    await client.query(`grant connect on database ${bodies} to ${ARCHIVIST}`);
  } finally {
    await client.end();
  }
  const urls = STATEFUL_SERVICES.map((service) => {
    const as = (role: string) =>
      databaseUrl(superuserUrl, SERVICES[service].database as string, role, password);
    return [service, { url: as(roleOf(service)), ownerUrl: as(OWNER) }] as const;
  });
  return Object.fromEntries(urls) as Record<StatefulService, DatabaseUrls>;
}

async function ensureRole(client: pg.Client, role: string, password: string): Promise<void> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role]);
  const verb = rowCount === 0 ? 'create' : 'alter';
  const secret = client.escapeLiteral(password);
  await client.query(
    `${verb} role ${role} login nosuperuser nocreatedb nocreaterole password ${secret}`,
  );
}

async function ensureDatabase(client: pg.Client, service: StatefulService): Promise<void> {
  const name = SERVICES[service].database as string;
  const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
  if (rowCount === 0) await client.query(`create database ${name} owner ${OWNER}`);
  await client.query(`revoke all on database ${name} from public`);
  await client.query(`grant connect on database ${name} to ${roleOf(service)}`);
}

function databaseUrl(
  superuserUrl: string,
  database: string,
  role: string,
  password: string,
): string {
  const url = new URL(superuserUrl);
  url.pathname = `/${database}`;
  url.username = role;
  url.password = password;
  return url.href;
}
