import { Command } from 'commander';
import { onRunningSystem } from './system.js';
import { verifyLogs } from './verify-logs.js';

new Command('verify')
  .description('check that no log was edited, and that each agrees with its topic')
  .action(() =>
    onRunningSystem(async (system) => {
      let bad = 0;
      for await (const { log, ok, said } of verifyLogs(system)) {
        console.log(`${ok ? 'ok ' : 'BAD'} ${log.padEnd(30)} ${said}`);
        if (!ok) bad += 1;
      }
      console.log(
        bad === 0 ? 'All logs are as they were written' : `${bad} logs are not as written`,
      );
      return bad === 0 ? 0 : 1;
    }),
  )
  .parse();
