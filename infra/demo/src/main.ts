import { rmSync } from 'node:fs';
import { newFolder, removeAtEnd, startSystem, type System } from '@paylog/local';
import { Command, InvalidArgumentError } from 'commander';
import { runDemo } from './demo.js';
import { type Progress, showProgress } from './progress.js';
import { brokenPromises, describe, toReport } from './report.js';

interface Options {
  readonly orders: number;
  readonly seed: number;
  readonly json?: boolean;
  readonly exit?: boolean;
}

/** Clocks of minutes and hours, made short enough to watch. */
const TIMINGS = {
  ABANDON_AFTER_MS: '20000',
  PENDING_LIMIT_MS: '3000',
  UNKNOWN_RETRY_MS: '500',
  GATEWAY_TIMEOUT_MS: '4000',
  STATEMENT_POLL_MS: '1000',
} as const;

new Command('demo')
  .description('start everything, drive orders of every kind through it, and check every figure')
  .option('--orders <count>', 'how many orders, 2 at least', atLeast(2), 200)
  .option('--seed <number>', 'the same seed gives the same orders', atLeast(1), 7)
  .option('--json', 'the last line on stdout is one JSON object')
  .option('--exit', 'stop everything when it is done; else it stays up until Ctrl-C')
  .action(demo)
  .parse();

async function demo(options: Options): Promise<never> {
  const started = Date.now();
  const progress = showProgress();
  const told = untilToldToEnd();
  const folder = newFolder('demo');
  const starting = start(options, folder, progress);
  const system = await Promise.race([starting, told]);
  // The guardian stops what was started, as after any other end of ours.
  if (system === undefined) process.exit(130);
  let ok = false;
  try {
    const outcome = await Promise.race([play(options, system, progress, started), told]);
    if (outcome === undefined) throw new Error('Stopped before it was done');
    ok = outcome;
    if (!options.exit) {
      process.stderr.write('\nEverything stays up until Ctrl-C\n');
      await told;
    }
  } catch (error) {
    progress.stop();
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
  process.stderr.write('Stopping …\n');
  await system.stop();
  if (ok) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  else process.stderr.write(`The services' logs are in ${system.run.logs}\n`);
  process.exit(ok ? 0 : 1);
}

async function start({ seed }: Options, folder: string, progress: Progress): Promise<System> {
  progress.phase('Starting Kafka, Postgres and every service');
  try {
    return await startSystem({
      folder,
      environment: TIMINGS,
      serviceEnvironment: { 'sandbox-gateway': { SANDBOX_SEED: String(seed) } },
      report: (line) => progress.say(line),
    });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    removeAtEnd(folder);
    process.exit(1);
  }
}

/** True when every promise held. The JSON comes last on stdout. */
async function play(
  options: Options,
  system: System,
  progress: Progress,
  started: number,
): Promise<boolean> {
  const outcome = await runDemo(options, system, progress);
  progress.stop();
  const report = toReport(options, system.run, outcome, Date.now() - started);
  process.stdout.write(`${describe(report, outcome, system.run)}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  return brokenPromises(outcome).length === 0;
}

function untilToldToEnd(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => resolve(undefined));
    }
  });
}

function atLeast(lowest: number) {
  return (text: string): number => {
    const number = Number(text);
    if (Number.isSafeInteger(number) && number >= lowest) return number;
    throw new InvalidArgumentError(`Write a whole number from ${lowest}.`);
  };
}
