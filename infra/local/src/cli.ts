import { spawn } from 'node:child_process';
import { mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { processStart } from '../process-start.mjs';
import { waitFor } from './deadline.js';
import { examine } from './health.js';
import { stackFolder, stateFolder } from './places.js';
import { tailOf } from './postgres.js';
import { readRun, type Run } from './run-file.js';
import { STATEFUL_SERVICES, type StatefulService } from './services.js';
import { startSystem, type SystemOptions } from './system.js';

type Replicas = NonNullable<SystemOptions['replicas']>;

interface UpOptions {
  json?: boolean;
  replicas?: Replicas;
  detach?: boolean;
  exitWith?: number;
}

const program = new Command('paylog').description('The whole system on this machine');

program
  .command('up')
  .description('start Kafka, Postgres and every service, and keep them alive until Ctrl-C')
  .option('--json', 'the last line on stdout is one JSON object with the URLs of all parts')
  .option(
    '--replicas <list>',
    'processes a service, such as intent=2,payment-state=2',
    parseReplicas,
  )
  .option('--detach', 'return when everything is ready; `npm run down` stops it')
  .option('--exit-with <pid>', 'stop when this process ends', (text) => parsePid(text))
  .action((options: UpOptions) => (options.detach ? upDetached(options) : up(options)));

program.command('down').description('stop what `up` or the demo keeps running').action(down);

program
  .command('nuke')
  .description('stop, and remove all data, logs and secrets of this checkout')
  .action(async () => {
    await down();
    for (const folder of [stateFolder, stackFolder()]) {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
    console.log('Data, logs and secrets are gone');
  });

program
  .command('health')
  .description('ask every part whether it is well; exit code 1 when one is not')
  .option('--json', 'one JSON object')
  .action(async ({ json }: { json?: boolean }) => {
    const report = await examine(mustRun());
    if (json) console.log(JSON.stringify(report));
    else
      for (const { part, state, where } of report.parts)
        console.log(`${state.padEnd(9)} ${part.padEnd(20)} ${where}`);
    process.exitCode = report.ok ? 0 : 1;
  });

async function up({ json = false, replicas, exitWith }: UpOptions): Promise<void> {
  const ended = untilToldToEnd(exitWith);
  const system = await Promise.race([startSystem({ ...(replicas && { replicas }) }), ended]);
  // What was started so far is stopped by the guardian, as after any other end of ours.
  if (system === undefined) process.exit(130);
  if (json) console.log(JSON.stringify(system.run));
  else describe(system.run);
  await ended;
  process.stderr.write('Stopping …\n');
  await system.stop();
  process.exit(0);
}

/** Resolves on Ctrl-C, on SIGTERM, and when the process we were tied to is gone. */
function untilToldToEnd(tiedTo: number | undefined): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => resolve(undefined));
    }
    if (tiedTo === undefined) return;
    const started = processStart(tiedTo);
    const look = setInterval(() => {
      if (started !== undefined && processStart(tiedTo) === started) return;
      clearInterval(look);
      resolve(undefined);
    }, 500);
  });
}

async function upDetached({ json = false, replicas = {} }: UpOptions): Promise<void> {
  mkdirSync(stateFolder, { recursive: true });
  const logFile = join(stateFolder, 'up.log');
  const log = openSync(logFile, 'w');
  const list = Object.entries(replicas).map(([service, count]) => `${service}=${count}`);
  const args = list.length > 0 ? ['--replicas', list.join(',')] : [];
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'up', ...args], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.unref();
  const run = await waitFor(
    'the system to come up',
    async () => runOrEnd(child.exitCode, logFile),
    {
      deadlineMs: 300_000,
      everyMs: 200,
    },
  );
  if (json) console.log(JSON.stringify(run));
  else describe(run);
}

function runOrEnd(exitCode: number | null, logFile: string): Run | undefined {
  if (exitCode === null) return readRun();
  process.stderr.write(`${tailOf(logFile, 40)}\n`);
  process.exit(1);
}

async function down(): Promise<void> {
  const run = readRun();
  if (run === undefined) {
    console.log('Nothing of this checkout runs');
    return;
  }
  const started = processStart(run.pid);
  process.kill(run.pid, 'SIGTERM');
  await waitFor(
    `process ${run.pid} to stop everything`,
    async () => (processStart(run.pid) === started ? undefined : true),
    { deadlineMs: 40_000 },
  );
  console.log('Stopped');
}

function mustRun(): Run {
  const run = readRun();
  if (run !== undefined) return run;
  process.stderr.write('Nothing of this checkout runs; start it with `npm run up`\n');
  process.exit(1);
}

function describe(run: Run): void {
  for (const [service, urls] of Object.entries(run.services)) {
    console.log(`${service.padEnd(16)} ${urls.join(' ')}`);
  }
  console.log(`${'kafka'.padEnd(16)} ${run.kafka.brokers.join(',')} (${run.kafka.source})`);
  console.log(`${'postgres'.padEnd(16)} ${run.postgres.url} (${run.postgres.source})`);
  console.log(`${'API key'.padEnd(16)} ${run.apiKey}`);
  console.log(`${'logs'.padEnd(16)} ${run.logs}`);
}

function parseReplicas(text: string): Replicas {
  const replicas: Replicas = {};
  for (const part of text.split(',')) {
    const [service, count] = part.split('=');
    if (!isStateful(service) || !/^[1-9]$/.test(count ?? '')) {
      throw new InvalidArgumentError(
        `Write service=number with a number from 1 to 9; services: ${STATEFUL_SERVICES.join(', ')}`,
      );
    }
    replicas[service] = Number(count);
  }
  return replicas;
}

function isStateful(name: string | undefined): name is StatefulService {
  return (STATEFUL_SERVICES as (string | undefined)[]).includes(name);
}

function parsePid(text: string): number {
  const pid = Number(text);
  if (!Number.isInteger(pid) || pid < 1)
    throw new InvalidArgumentError('Write the id of a process');
  return pid;
}

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
