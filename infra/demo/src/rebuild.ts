import { Argument, Command, Option } from 'commander';
import { rebuildPayments, type Source, SOURCES } from './rebuild-payments.js';
import { onRunningSystem } from './system.js';

const DIFFERENCES_SHOWN = 20;

new Command('rebuild')
  .description(
    'fold a read model anew, compare it with the one in use, and replace that when equal',
  )
  .addArgument(new Argument('<service>', 'whose').choices(['payment-state']))
  .addOption(
    new Option('--from <source>', 'where the events are read')
      .choices(SOURCES)
      .makeOptionMandatory(),
  )
  .action((_service: string, { from }: { from: Source }) =>
    onRunningSystem(async (system) => {
      const { payments, equal, differences } = await rebuildPayments(system, from);
      console.log(`payment-state from ${from}: ${payments} payments folded anew`);
      for (const difference of differences.slice(0, DIFFERENCES_SHOWN)) {
        console.log(`  ${JSON.stringify(difference)}`);
      }
      console.log(
        equal ? 'Equal to the read model in use' : 'DIFFERENT from the read model in use',
      );
      return equal ? 0 : 1;
    }),
  )
  .parse();
