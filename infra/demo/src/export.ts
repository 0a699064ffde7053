import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { exportPayment } from './export-payment.js';
import { onRunningSystem } from './system.js';

new Command('export')
  .description(
    'everything that is stored of a payment, in one JSON file: what an auditor or a court is given',
  )
  .requiredOption('--payment <id>', 'pay…', payment)
  .option('--out <file>', 'where to; default: <payment>.json')
  .action(({ payment: id, out = `${id}.json` }: { payment: string; out?: string }) =>
    onRunningSystem(async (system) => {
      const exported = await exportPayment(system, id, new Date());
      const { intents, facts, events, evidence } = exported;
      if (intents.length + facts.length + events.length === 0) {
        console.log(`Nothing is stored of ${id}`);
        return 1;
      }
      writeFileSync(out, `${JSON.stringify(exported, null, 2)}\n`, { mode: 0o600 });
      const counts = `${intents.length} rows of intent, ${facts.length} facts, ${events.length} events`;
      console.log(`${out}: ${counts}, ${evidence.length} webhooks`);
      return 0;
    }),
  )
  .parse();

function payment(text: string): string {
  if (/^pay[a-z2-7]{26}$/.test(text)) return text;
  throw new InvalidArgumentError('It is `pay` and 26 base32 characters.');
}
