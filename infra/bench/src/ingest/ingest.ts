import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { newFolder, startNativePostgres } from '@paylog/local';
import type { Bench, Contender } from '../bench.js';
import { Meter } from '../counters.js';
import type { Measured } from '../measured.js';
import type { LoadOrder, LoadResult } from './generator.js';
import { type Server, startOurs, startPeer, type Surroundings } from './servers.js';

const CONNECTIONS = 64;
/** Of load for each server in each round. */
const SECONDS = 2.5;
/** More than any of them takes in that time. */
const ROWS_MAX = 100_000;

interface TwoPostgres extends Surroundings {
  /** A superuser's of another server, on which nobody stores anything. */
  readonly elsewhereUrl: string;
}

interface Candidate {
  readonly key: string;
  readonly role: Contender['role'];
  start(around: TwoPostgres): Promise<Server>;
}

const CANDIDATES: readonly Candidate[] = [
  { key: 'webhook-ingest', role: 'ours', start: (around) => startOurs(around, 'webhook-ingest') },
  {
    key: 'express + stripe-node + TypeORM',
    role: 'peer',
    start: (around) => startPeer(around, 'express-typeorm'),
  },
  {
    key: 'fastify + pg, an insert each',
    role: 'peer',
    start: (around) => startPeer(around, 'fastify-pg'),
  },
  {
    key: 'webhook-ingest without its database',
    role: 'limit',
    // On the other's database its mapper would read all that is stored there, and take half a processor from it.
    start: ({ folder, elsewhereUrl: postgresUrl }) =>
      startOurs({ folder, postgresUrl }, 'without-database', { withoutDatabase: true }),
  },
];

export const ingest: Bench = {
  name: 'ingest',
  about: 'signed webhooks over HTTP, each answered after its commit',
  compares: 'throughput',
  async open({ rows = ROWS_MAX }) {
    const folder = newFolder('bench-ingest');
    const postgres = await startNativePostgres({ folder });
    const folderElsewhere = newFolder('bench-ingest-elsewhere');
    const elsewhere = await startNativePostgres({ folder: folderElsewhere });
    const meter = await Meter.open(postgres.url);
    const generator = fork(fileURLToPath(new URL('./generator.js', import.meta.url)));
    const servers: Server[] = [];
    const close = async (): Promise<void> => {
      generator.disconnect();
      await Promise.all(servers.map(({ process }) => process.stop()));
      await meter.close();
      await postgres.stop();
      await elsewhere.stop();
      for (const each of [folder, folderElsewhere]) rmSync(each, { recursive: true, force: true });
    };
    try {
      const around = { folder, postgresUrl: postgres.url, elsewhereUrl: elsewhere.url };
      const contenders: Contender[] = [];
      for (const { key, role, start } of CANDIDATES) {
        const server = await start(around);
        servers.push(server);
        const takesFrom = { server, generator, meter, count: rows };
        contenders.push({ key, role, round: () => measure(takesFrom) });
      }
      return { contenders, close };
    } catch (error) {
      await close();
      throw error;
    }
  },
};

interface Round {
  readonly server: Server;
  readonly generator: ChildProcess;
  readonly meter: Meter;
  readonly count: number;
}

async function measure({ server, generator, meter, count }: Round): Promise<Measured> {
  const { process, port, path, secret, stored } = server;
  const order = { port, path, secret, round: roundName(), count };
  const storedBefore = (await stored?.()) ?? 0;
  await meter.start();
  const before = await process.costs();
  const load = await asked(generator, { ...order, connections: CONNECTIONS, seconds: SECONDS });
  if (load.failed > 0) throw new Error(`${load.failed} webhooks were not answered with 200`);
  const { acked } = load;
  const after = await process.costs();
  const { fsyncs, walBytes } = await meter.stop(acked);
  const each = (name: 'roundTrips' | 'cpuMicros') => (after[name] - before[name]) / acked;
  return {
    // The one without a database keeps nothing that could be counted.
    rows: stored ? (await stored()) - storedBefore : acked,
    acked,
    seconds: load.seconds,
    latencyMs: load.latencyMs,
    counters: {
      fsyncs,
      walBytes,
      roundTrips: each('roundTrips'),
      cpuMicros: each('cpuMicros'),
      generatorCpuMicros: load.cpuMicros / acked,
    },
  };
}

async function asked(generator: ChildProcess, order: LoadOrder): Promise<LoadResult> {
  generator.send(order);
  const [result] = (await once(generator, 'message')) as [LoadResult];
  return result;
}

let rounds = 0;
const roundName = (): string => `${Date.now().toString(36)}${(rounds++).toString(36)}x`;
