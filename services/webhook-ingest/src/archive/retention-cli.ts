import { Command, InvalidArgumentError } from 'commander';
import { asArchivist } from './as-archivist.js';
import { dueMonths, expireDue, RETENTION_DAYS } from './retention.js';

interface Options {
  readonly days: number;
  readonly apply?: boolean;
  readonly operator?: string;
  readonly reason: string;
}

await new Command('retention')
  .description('drop the bodies of webhooks, month by month, when all of a month are old enough')
  .option('--days <n>', `how long bodies are kept`, days, RETENTION_DAYS)
  .option('--apply', 'announce and drop; otherwise only what is due is shown')
  .option('--operator <name>', 'who does it; needed with --apply')
  .option('--reason <text>', 'why', 'retention policy')
  .action(({ days: kept, apply, operator, reason }: Options) =>
    asArchivist(async (pool, log) => {
      const now = new Date();
      const due = await dueMonths(pool, kept, now);
      for (const { month, bodies, bytes, needed } of due) {
        const stays = needed === 0 ? '' : `; stays: ${needed} of them are not read yet, or parked`;
        console.log(`${month}: ${bodies} bodies, ${bytes} bytes${stays}`);
      }
      if (due.length === 0) console.log(`No month is older than ${kept} days`);
      if (!apply) return 0;
      if (operator === undefined) throw new Error('Say who does it: --operator <name>');
      const expired = await expireDue(pool, log, due, kept, { operator, reason }, now);
      for (const { month, bodies } of expired) {
        console.log(`${month}: announced, and ${bodies} bodies dropped`);
      }
      return 0;
    }),
  )
  .parseAsync();

function days(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a number of days.');
}
