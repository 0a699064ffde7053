import { Command } from 'commander';
import { asArchivist } from './as-archivist.js';
import { redact } from './redaction.js';

interface Options {
  readonly evidence: string;
  readonly operator: string;
  readonly reason: string;
}

await new Command('redact')
  .description('replace the body of one stored webhook; its row and its facts stay')
  .requiredOption('--evidence <id>', 'evd…, as a fact or the export of a payment names it')
  .requiredOption('--operator <name>', 'who does it')
  .requiredOption('--reason <text>', 'why; kept for ever, so without personal data')
  .action(({ evidence, operator, reason }: Options) =>
    asArchivist(async (pool, log) => {
      switch (await redact(pool, log, evidence, { operator, reason }, new Date())) {
        case 'redacted':
          console.log(`${evidence}: announced, and its body replaced`);
          return 0;
        case 'expired':
          console.log(`${evidence}: its body was gone with its month; the announcement stands`);
          return 0;
        case 'unknown':
          console.log(`There is no evidence ${evidence}`);
          return 1;
      }
    }),
  )
  .parseAsync();
