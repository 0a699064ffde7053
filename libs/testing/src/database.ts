import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A database of one spec's own. */
export interface TestDatabase {
  /** Connects as superuser. */
  url: string;
  /** Ends whoever is still connected, and removes it. */
  drop(): Promise<void>;
}

/** A service's database, with the roles the local stack gives it. */
export interface ServiceDatabase extends TestDatabase {
  /** `DATABASE_OWNER_URL`: migrates. */
  ownerUrl: string;
  /** `DATABASE_URL`: what the service works as. */
  serviceUrl: string;
}

const PASSWORD = 'paylog';

/** Creates an empty database on the Postgres of this test run. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = uniqueName('test');
  await asSuperuser(`create database ${name}`);
  return { url: urlOf(name), drop: () => dropDatabase(name) };
}

/** Creates a database like the one `service` gets from the local stack: its owner migrates, its role works. */
export async function createServiceDatabase(service: string): Promise<ServiceDatabase> {
  const name = uniqueName('test');
  const role = `paylog_${service.replaceAll('-', '_')}`;
  for (const each of ['paylog_owner', role]) await asSuperuser(createRole(each));
  await asSuperuser(`create database ${name} owner paylog_owner`);
  await asSuperuser(`revoke connect on database ${name} from public`);
  await asSuperuser(`grant connect on database ${name} to ${role}`);
  return {
    url: urlOf(name),
    ownerUrl: urlOf(name, 'paylog_owner'),
    serviceUrl: urlOf(name, role),
    drop: () => dropDatabase(name),
  };
}

/** A name that no other test run or worker uses, fit for databases, topics and groups. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(6).toString('hex')}`;
}

// Roles belong to the whole server, and workers run side by side.
function createRole(role: string): string {
  return `do $$ begin create role ${role} login password '${PASSWORD}';
    exception when duplicate_object or unique_violation then null; end $$`;
}

function dropDatabase(name: string): Promise<void> {
  return asSuperuser(`drop database if exists ${name} with (force)`);
}

async function asSuperuser(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function urlOf(database: string, role?: string): string {
  const url = new URL(serverUrl());
  url.pathname = `/${database}`;
  if (role !== undefined) {
    url.username = role;
    url.password = PASSWORD;
  }
  return url.href;
}

function serverUrl(): string {
  const url = process.env['TEST_PG_URL'];
  if (url === undefined) {
    throw new Error('TEST_PG_URL is not set: name the spec *.int.spec.ts, so that it gets a stack');
  }
  return url;
}
