import { Command, InvalidArgumentError } from 'commander';
import { crashMatrix } from './matrix/matrix.js';

interface Options {
  readonly sample?: number;
  readonly seed: number;
  readonly only?: readonly string[];
  readonly from?: number;
  readonly json?: true;
}

new Command('crash-matrix')
  .description(
    'kills a process of a whole system under load at every failpoint, in each service that has it; an oracle that shares no code with it judges',
  )
  .option('--sample <n>', 'so many points, chosen by the seed; default: all of them', whole)
  .option('--seed <n>', 'which points come together, and which orders come', whole, 1)
  .option('--only <names...>', 'only points whose name holds one of these')
  .option('--from <wave>', 'go on with this wave of a run with the same seed that was cut', wave)
  .option('--json', 'the result as the last line of stdout')
  .action(async (options: Options) => {
    // Whatever was cut short is over with the process; what it started ends with it.
    process.exit(await main(options));
  })
  .parse();

async function main({ json, ...options }: Options): Promise<number> {
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => ending.abort(new Error(`ended by ${signal}`)));
  }
  try {
    const result = await crashMatrix({ ...options, tell, signal: ending.signal });
    for (const { invariant, examples, since } of result.violations) {
      tell(`${invariant}:`);
      for (const example of examples) tell(`  ${example}`);
      tell(`  since the last clean judgement: ${since.join(', ')}`);
    }
    for (const name of result.notReached) tell(`not reached: ${name}`);
    if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    return result.ok ? 0 : 1;
  } catch (error) {
    tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 2;
  }
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function wave(text: string): number {
  const number = whole(text);
  if (number === 0) throw new InvalidArgumentError('waves are counted from 1');
  return number;
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a whole number, please');
  return Number(text);
}
