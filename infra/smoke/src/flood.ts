import { Command, InvalidArgumentError } from 'commander';
import { flood, type FloodResult } from './flood/run.js';

interface Options {
  readonly requests: number;
  readonly messages: number;
  readonly over: number;
  readonly seed: number;
  readonly json?: true;
}

new Command('flood')
  .description(
    'fuzzed requests at webhook-ingest and fuzzed messages on every topic that a service reads, beside honest traffic that must not notice',
  )
  .option('--requests <n>', 'fuzzed requests', whole, 100_000)
  .option('--messages <n>', 'fuzzed messages on each topic', whole, 100_000)
  .option('--over <seconds>', 'the time in which they come, evenly', whole, 240)
  .option('--seed <n>', 'what is sent', whole, 1)
  .option('--json', 'the result as the last line of stdout')
  .action(async (options: Options) => {
    process.exitCode = await main(options);
  })
  .parse();

async function main({ over, json, ...rest }: Options): Promise<number> {
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => ending.abort(new Error(`ended by ${signal}`)));
  }
  try {
    const result = await flood({ ...rest, overSeconds: over, tell, signal: ending.signal });
    describe(result);
    if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    return result.ok ? 0 : 1;
  } catch (error) {
    tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 2;
  }
}

function describe({ violations, wrong, latency, memory, parked }: FloodResult): void {
  for (const [reader, { parked: aside, taken }] of Object.entries(parked)) {
    tell(`${reader}: ${aside} set aside, ${taken} taken`);
  }
  for (const { instance, before, peak, after } of memory) {
    tell(`${instance}: ${before} MB before, ${peak} MB at most, ${after} MB after`);
  }
  for (const [what, { before, during }] of Object.entries(latency)) {
    tell(
      `${what}: p50 ${before.p50} ms, p99 ${before.p99} ms before; ${during.p50}, ${during.p99} during`,
    );
  }
  for (const { invariant, examples } of violations) {
    tell(`${invariant}:`);
    for (const example of examples) tell(`  ${example}`);
  }
  for (const line of wrong) tell(`WRONG: ${line}`);
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a whole number, please');
  return Number(text);
}
