import { Command, InvalidArgumentError } from 'commander';
import { onRunningSystem, type RunningSystem } from './system.js';

interface Options {
  readonly from: string;
  readonly to: string;
  readonly apply?: boolean;
  readonly operator?: string;
  readonly reason?: string;
  readonly json?: boolean;
}

interface Fact {
  readonly paymentId: string;
  readonly id: string;
  readonly type: string;
  readonly [member: string]: unknown;
}

interface Remapped {
  readonly account: string;
  readonly eventId: string | null;
  readonly evidence: readonly string[];
  readonly eventTypes: readonly string[];
  readonly retract: readonly Fact[];
  readonly add: readonly Fact[];
  readonly conflicts: readonly string[];
  readonly skipped?: string;
  readonly applied: boolean;
}

interface Page {
  readonly remapped: readonly Remapped[];
  readonly looked: number;
  readonly next?: string;
}

new Command('remap')
  .description('today’s mapping over stored webhooks: what it says otherwise than the log does')
  .requiredOption('--from <time>', 'received from then on, such as 2026-03-01T00:00:00Z', instant)
  .requiredOption('--to <time>', 'and before then', instant)
  .option('--apply', 'append retractions and additions; otherwise nothing is changed')
  .option('--operator <name>', 'who does it; needed with --apply')
  .option('--reason <text>', 'why; needed with --apply')
  .option('--json', 'one JSON object a changed event, a line each')
  .action((options: Options) => onRunningSystem((system) => remap(system, options)))
  .parse();

async function remap(system: RunningSystem, options: Options): Promise<number> {
  const { from, to, apply, operator, reason, json } = options;
  if (apply && (operator === undefined || reason === undefined)) {
    throw new Error('Say who does it and why: --operator <name> --reason <text>');
  }
  const as = apply ? { apply: { operator, reason } } : {};
  const sum = { looked: 0, retracted: 0, added: 0, conflicts: 0, skipped: 0 };
  for (let after: string | undefined; ;) {
    const body = { from, to, ...as, ...(after !== undefined && { after }) };
    const page = await system
      .operator('webhook-ingest')
      .post<Page>('/operations/webhooks/remap', body);
    for (const one of page.remapped) {
      if (json) console.log(JSON.stringify(one));
      else describe(one);
      sum.retracted += one.retract.length;
      sum.added += one.add.length;
      sum.conflicts += one.conflicts.length;
      if (one.skipped !== undefined) sum.skipped += 1;
    }
    sum.looked += page.looked;
    if (page.next === undefined) break;
    after = page.next;
  }
  const facts = apply ? 'facts retracted' : 'facts would be retracted';
  console.error(
    `${sum.looked} webhooks looked at: ${sum.retracted} ${facts}, ${sum.added} added; ` +
      `${sum.conflicts} conflicts, ${sum.skipped} events that can't be looked at`,
  );
  return sum.conflicts === 0 ? 0 : 1;
}

function describe({
  eventId,
  evidence,
  eventTypes,
  retract,
  add,
  conflicts,
  skipped,
}: Remapped): void {
  console.log(`${eventId ?? evidence[0]} ${eventTypes.join(', ')} (${evidence.join(', ')})`);
  for (const fact of retract) console.log(`  - ${wordsOf(fact)}`);
  for (const fact of add) console.log(`  + ${wordsOf(fact)}`);
  for (const conflict of conflicts) console.log(`  ! ${conflict}`);
  if (skipped !== undefined) console.log(`  ? ${skipped}`);
}

function wordsOf({ paymentId, id, type, ...says }: Fact): string {
  const { at: _at, source: _source, ...rest } = says;
  return `${paymentId} ${type} ${JSON.stringify(rest)} ${id}`;
}

function instant(text: string): string {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text)) return text;
  throw new InvalidArgumentError('It is a time such as 2026-03-01T00:00:00Z.');
}
