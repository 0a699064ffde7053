import { dirname, join } from 'node:path';
import Table from 'cli-table3';
import { Command } from 'commander';
import { onRunningSystem, type RunningSystem } from './system.js';

/** As `GET /v1/stuck` of intent answers. */
interface Stuck {
  readonly paymentId: string;
  readonly orderId: string;
  readonly attempt: number;
  readonly label: string;
  readonly reason: string;
  readonly since: string;
  readonly nextStep: { readonly action: string; readonly at: string | null };
  readonly command: string;
}

new Command('stuck')
  .description('every payment that is not final past its limit, and what to do about it')
  .option('--json', 'the list as one JSON array')
  .option('--limit-ms <ms>', 'older than this; default: as intent is configured')
  .action(({ json, limitMs }: { json?: boolean; limitMs?: string }) =>
    onRunningSystem(async (system) => {
      const query = limitMs === undefined ? '' : `?limitMs=${encodeURIComponent(limitMs)}`;
      const stuck = await system.operator('intent').get<Stuck[]>(`/v1/stuck${query}`);
      if (json) console.log(JSON.stringify(stuck));
      else describe(stuck, system);
      return 0;
    }),
  )
  .parse();

function describe(stuck: readonly Stuck[], system: RunningSystem): void {
  if (stuck.length === 0) {
    console.log('Nothing is stuck: every payment is final, or within its limit');
    return;
  }
  const head = ['order', 'payment', 'reason', 'since', 'next step', 'at'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { orderId, attempt, paymentId, label, reason, since, nextStep } of stuck) {
    table.push([
      `${orderId} (${attempt})`,
      `${paymentId}\n${label}`,
      reason,
      since,
      nextStep.action,
      nextStep.at ?? '-',
    ]);
  }
  console.log(table.toString());
  console.log('\nTo force one:');
  for (const { orderId, command } of stuck) {
    console.log(`  ${orderId}: ${asShell(command, system)}`);
  }
}

/** What an operator can paste, the key read from its file; what goes over Kafka is left as intent words it. */
function asShell(command: string, system: RunningSystem): string {
  const [method, path, body] = /^(POST) (\S+)(?: (\{.*\}))?$/.exec(command)?.slice(1) ?? [];
  if (method === undefined) return command;
  const data = body === undefined ? '' : ` -H 'content-type: application/json' -d '${body}'`;
  const keyFile = join(dirname(system.run.logs), 'secrets', 'operator-key');
  const key = `-H "authorization: Bearer $(cat ${keyFile})"`;
  return `curl -X ${method} ${key}${data} ${system.url('intent')}${path}`;
}
