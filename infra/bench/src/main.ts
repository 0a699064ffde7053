import { Command, InvalidArgumentError } from 'commander';
import { append } from './append.js';
import { runBench, type Bench, type BenchOptions, type SpecialBench } from './bench.js';
import { growth } from './growth.js';
import { endToEnd } from './end-to-end/end-to-end.js';
import { ingest } from './ingest/ingest.js';
import { rebuild } from './rebuild.js';
import { relay } from './relay.js';
import { tableOf } from './table.js';

const BENCHES: readonly (Bench | SpecialBench)[] = [
  ingest,
  endToEnd,
  append,
  relay,
  rebuild,
  growth,
];

interface Given {
  readonly rounds: number;
  readonly rows?: number;
  readonly json?: true;
}

const list = BENCHES.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join('\n');
const program = new Command('bench')
  .description(`Measures us beside others, on this machine, in one run. NAME is one of:\n${list}`)
  .argument('<name>')
  .option('--rounds <count>', 'rounds that count', atLeastOne, 7)
  .option('--rows <count>', 'rows a round (each bench has its default)', atLeastOne)
  .option('--json', 'the result as the last line of stdout')
  .parse();

process.exitCode = await main(program.args[0] ?? '', program.opts<Given>());

async function main(name: string, { json, ...given }: Given): Promise<number> {
  const bench = BENCHES.find((one) => one.name === name);
  if (!bench) {
    console.error(
      `There is no bench ${name}; there are ${BENCHES.map((one) => one.name).join(', ')}.`,
    );
    return 2;
  }
  const { result, table } = await run(bench, { ...given, say: (line) => console.error(line) });
  console.error(table);
  if (json) console.log(JSON.stringify(result));
  return 0;
}

async function run(bench: Bench | SpecialBench, options: BenchOptions) {
  if ('run' in bench) return bench.run(options);
  const { result, figures } = await runBench(bench, options);
  return { result, table: tableOf(result, figures) };
}

function atLeastOne(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('a whole number from 1');
}
