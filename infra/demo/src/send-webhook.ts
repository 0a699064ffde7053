import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import Table from 'cli-table3';
import { Command, Option } from 'commander';
import { GATEWAYS, type GatewayName } from '@paylog/gateways';
import {
  type Happening,
  SIMULATED_EVENTS,
  type SimulatedWebhook,
} from '@paylog/gateways/simulated';
import { type Money, parseMajor } from '@paylog/payment-domain';
import { onRunningSystem, type RunningSystem } from './system.js';
import { senderFor } from './webhook-senders.js';

interface Options {
  readonly gateway: GatewayName;
  readonly event?: string;
  readonly payment?: string;
  readonly amount?: string;
  readonly currency: string;
  readonly story?: string;
  readonly twice?: boolean;
  readonly badSignature?: boolean;
  readonly list?: boolean;
  readonly json?: boolean;
}

/** The state of a payment, as far as it is shown here. */
interface Payment {
  readonly label: string;
  readonly version: number;
  readonly state?: { readonly terms?: { readonly amount: { minor: string; currency: string } } };
}

const WAIT_MS = 5_000;
const LOOK_EVERY_MS = 200;

new Command('webhook')
  .description('sends one correctly signed webhook of any gateway to the system that runs')
  .addOption(new Option('--gateway <name>').choices(GATEWAYS).default('stripe'))
  .option('--event <name>', 'as the gateway calls it; Adyen: CAPTURE/false for success=false')
  .option('--payment <id>', 'a payment of ours; without it, of a payment that nobody knows')
  .option('--amount <decimal>', 'in major units', '10.00')
  .option('--currency <code>', 'of an amount with two decimals', 'EUR')
  .option('--story <name>', "what the gateway's own ids are made of; default: the payment")
  .option('--twice', 'the same bytes again')
  .option('--bad-signature', 'signed by somebody else')
  .option('--list', 'every event that can be sent')
  .option('--json', 'the answers as one JSON object')
  .action((options: Options) => {
    if (options.list) return list(options);
    if (options.event === undefined) throw new Error('--event says what is sent; see --list');
    return onRunningSystem((system) => send(system, options, options.event ?? ''));
  })
  .parse();

function list({ json }: Options): void {
  if (json) return console.log(JSON.stringify(SIMULATED_EVENTS));
  const table = new Table({ head: ['gateway', 'event'], style: { head: [], border: [] } });
  for (const gateway of GATEWAYS) {
    for (const event of SIMULATED_EVENTS[gateway]) table.push([gateway, event]);
  }
  console.log(table.toString());
}

async function send(system: RunningSystem, options: Options, event: string): Promise<number> {
  const { gateway, payment, badSignature = false, twice = false } = options;
  const before = await paymentIn(system, payment);
  const happening: Happening = {
    event,
    story: options.story ?? payment ?? randomUUID(),
    amount: amountOf(options),
    at: new Date().toISOString(),
    ...(payment !== undefined && { paymentId: payment }),
  };
  const sender = await senderFor(gateway, system.run.configuration);
  const answers: number[] = [];
  try {
    const webhook = sender.sign(happening, { badSignature });
    for (let i = 0; i < (twice ? 2 : 1); i++) answers.push(await post(system, gateway, webhook));
  } finally {
    await sender.close();
  }
  const taken = answers.every((status) => status >= 200 && status < 300);
  const after = taken ? await changed(system, payment, before) : before;
  describe(options, { event, answers, before, after });
  return taken === !badSignature ? 0 : 1;
}

async function post(
  system: RunningSystem,
  gateway: GatewayName,
  { body, headers }: SimulatedWebhook,
): Promise<number> {
  const url = `${system.url('webhook-ingest')}/webhooks/${gateway}/${gateway}-main`;
  const response = await fetch(url, { method: 'POST', body: new Uint8Array(body), headers });
  await response.arrayBuffer();
  return response.status;
}

/** Undefined: of no payment, or of one that payment-state doesn't know. */
async function paymentIn(
  system: RunningSystem,
  payment: string | undefined,
): Promise<Payment | undefined> {
  if (payment === undefined) return undefined;
  const url = `${system.url('payment-state')}/v1/payments/${payment}`;
  const headers = { authorization: `Bearer ${system.run.operatorKey}` };
  const response = await fetch(url, { headers });
  return response.ok ? ((await response.json()) as Payment) : undefined;
}

/** The payment once it has moved on, or as it was: not every webhook changes something. */
async function changed(
  system: RunningSystem,
  payment: string | undefined,
  before: Payment | undefined,
): Promise<Payment | undefined> {
  const until = Date.now() + (payment === undefined ? 0 : WAIT_MS);
  for (;;) {
    const now = await paymentIn(system, payment);
    if (now?.version !== before?.version || Date.now() > until) return now;
    await sleep(LOOK_EVERY_MS);
  }
}

function amountOf({ amount = '', currency }: Options): Money {
  const minor = parseMajor(amount, 2);
  if (minor === undefined) throw new Error(`--amount ${amount} is no amount of ${currency}`);
  return { minor, currency };
}

interface Sent {
  readonly event: string;
  readonly answers: readonly number[];
  readonly before: Payment | undefined;
  readonly after: Payment | undefined;
}

function describe({ gateway, payment, json }: Options, sent: Sent): void {
  const { event, answers, before, after } = sent;
  const labels = { before: before?.label ?? null, after: after?.label ?? null };
  if (json) return console.log(JSON.stringify({ gateway, event, answers, payment, ...labels }));
  console.log(`${gateway} ${event}: answered ${answers.join(', then ')}`);
  if (payment === undefined) return;
  const moved = before?.version !== after?.version;
  console.log(
    after === undefined
      ? `${payment} is no payment that payment-state knows`
      : `${payment}: ${moved ? `${labels.before ?? 'unknown'} → ` : 'still '}${after.label}`,
  );
}
