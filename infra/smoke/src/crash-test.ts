import { Command, InvalidArgumentError, Option } from 'commander';
import { clusterTest } from './cluster.js';
import type { Result } from './result.js';
import { crashTest } from './run.js';
import { playAll, tableOf } from './sabotage/all.js';
import { playSabotaged } from './sabotage/play.js';
import { switchNamed } from './sabotage/switches.js';

interface Options {
  readonly rounds: number;
  readonly seed: number;
  readonly json?: true;
  readonly sabotage?: string;
  readonly sabotageAll?: true;
  readonly brokers: '1' | '3';
}

new Command('crash-test')
  .description(
    'real load through the whole system while a seeded hand kills, freezes, restarts and restores; then an oracle that shares no code with it judges',
  )
  .option('--rounds <n>', 'acts, one a round; ten hold every kind and every target', whole, 10)
  .option('--seed <n>', 'what is done, and which orders come', whole, 1)
  .option('--json', 'the result as the last line of stdout')
  .option(
    '--sabotage <name>',
    'take one defence out of a copy of the code, and see it caught',
    known,
  )
  .option('--sabotage-all', 'every sabotage one after the other, and a clean run; a table')
  .addOption(
    new Option('--brokers <n>', 'Kafka brokers; 3: leaders are killed')
      .choices(['1', '3'])
      .default('1'),
  )
  .action(async (options: Options) => {
    // Whatever was cut short is over with the process; what it started ends with it.
    process.exit(await main(options));
  })
  .parse();

async function main(options: Options): Promise<number> {
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => ending.abort(new Error(`ended by ${signal}`)));
  }
  try {
    if (options.sabotageAll) return await all(options, ending.signal);
    const result = await play(options, ending.signal);
    for (const { invariant, examples } of result.violations) {
      tell(`${invariant}:`);
      for (const example of examples) tell(`  ${example}`);
    }
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    return result.ok ? 0 : 1;
  } catch (error) {
    tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 2;
  }
}

async function all({ rounds, seed, json }: Options, signal: AbortSignal): Promise<number> {
  const outcome = await playAll({ rounds, seed, tell, signal });
  tell(tableOf(outcome));
  if (json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
  return outcome.ok ? 0 : 1;
}

function play(options: Options, signal: AbortSignal): Promise<Result> {
  const { rounds, seed, brokers, sabotage } = options;
  if (sabotage !== undefined) return playSabotaged(sabotage, { rounds, seed, tell, signal });
  if (brokers === '3') return clusterTest({ rounds, seed, tell, signal });
  return crashTest({ rounds, seed, brokers: 1, tell, signal });
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function known(name: string): string {
  try {
    return switchNamed(name).name;
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a whole number, please');
  return Number(text);
}
