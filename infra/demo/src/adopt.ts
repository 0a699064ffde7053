import { userInfo } from 'node:os';
import { encode, OPERATIONS_COMMANDS, partitionOf } from '@paylog/contracts';
import { createPublisher } from '@paylog/kafka';
import { waitFor } from '@paylog/local';
import Table from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import { commandHeaders } from './parked.js';
import { onRunningSystem, type RunningSystem } from './system.js';

interface Options {
  readonly payment?: string;
  readonly order?: string;
  readonly storefront?: string;
  readonly attempt?: number;
  readonly operator: string;
  readonly reason?: string;
  readonly list?: boolean;
}

/** As `GET /v1/payments/{id}` of payment-state answers. */
interface Found {
  readonly origin?: { readonly account: string; readonly object: string };
  readonly adoptions?: readonly Adoption[];
}

interface Adoption {
  readonly payment: string;
  readonly into: string;
  readonly storefront: string;
  readonly orderId: string;
  readonly operator: string;
  readonly reason: string;
}

/** As `GET /v1/exceptions` of reconciliation answers. */
interface Exception {
  readonly gatewayObject: string;
  readonly paymentId?: string;
  readonly owner: string;
  readonly ageSeconds: number;
  readonly found?: { readonly minor: string; readonly currency: string } | string;
}

const OBEYED_WITHIN_MS = 20_000;
const SERVICE = 'payment-state';

new Command('adopt')
  .description('say which order a payment belongs to that was found at a gateway')
  .option('--payment <id>', 'the found payment, as its exception names it', paymentId)
  .option('--order <id>', 'the order it belongs to')
  .option('--storefront <name>', 'whose order it is')
  .option('--attempt <number>', 'of that order; default: the last one we know', attempt)
  .option('--operator <name>', 'who says so', userInfo().username)
  .option('--reason <text>', 'why: it is kept with the payment')
  .option('--list', 'what was found and belongs to no order yet, the oldest first')
  .action((options: Options) =>
    onRunningSystem((system) => (options.list ? list(system) : adopt(system, options))),
  )
  .parse();

async function adopt(system: RunningSystem, options: Options): Promise<number> {
  const { payment, order, storefront, reason } = options;
  if (!payment || !order || !storefront || !reason) {
    throw new Error('Say which, where to and why: --payment --order --storefront --reason');
  }
  const api = system.operator(SERVICE);
  const look = () => api.get<Found>(`/v1/payments/${payment}`);
  const { origin } = await look();
  if (origin === undefined)
    throw new Error(`${payment} was not found at a gateway: an order has it`);
  await publish(system, { ...options, payment, order, storefront, reason });
  const said = await waitFor(
    'the adoption',
    async () => (await look()).adoptions?.find((each) => each.payment === payment),
    { deadlineMs: OBEYED_WITHIN_MS, everyMs: 250 },
  ).catch(() => undefined);
  if (said === undefined) {
    throw new Error(
      `${payment} was not adopted: "adoption refused" in the log of ${SERVICE} says why`,
    );
  }
  const into = said.into === payment ? 'which has no other payment' : `into ${said.into}`;
  console.log(
    `${payment} (${origin.object} of ${origin.account}) belongs to order ${said.orderId} of ${said.storefront}, ${into}; ` +
      `said by ${said.operator}: ${said.reason}`,
  );
  return said.orderId === order && said.storefront === storefront ? 0 : 1;
}

type Said = Options & Required<Pick<Options, 'payment' | 'order' | 'storefront' | 'reason'>>;

async function publish(system: RunningSystem, said: Said): Promise<void> {
  const { payment, order, storefront, attempt: number, operator, reason } = said;
  const publisher = createPublisher(system.kafka);
  const value = encode(OPERATIONS_COMMANDS, 'AdoptPayment', {
    service: SERVICE,
    paymentId: payment,
    storefront,
    orderId: order,
    ...(number !== undefined && { attempt: number }),
    operator,
    reason,
  });
  const message = { partition: partitionOf(SERVICE), key: SERVICE, value };
  await publisher
    .publish(OPERATIONS_COMMANDS, [{ ...message, headers: commandHeaders('AdoptPayment') }])
    .finally(() => publisher.close());
}

async function list(system: RunningSystem): Promise<number> {
  const { exceptions } = await system
    .operator('reconciliation')
    .get<{ exceptions: Exception[] }>('/v1/exceptions?status=open&class=missing_internal');
  const found = exceptions.filter(({ paymentId: id }) => id !== undefined);
  if (found.length === 0) {
    console.log('Nothing: every payment that a gateway told of belongs to an order');
    return 0;
  }
  const head = ['payment', 'at the gateway', 'amount', 'owner', 'for'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { paymentId: id, gatewayObject, found: amount, owner, ageSeconds } of found) {
    const what =
      typeof amount === 'object' ? `${amount.minor} ${amount.currency}` : (amount ?? '-');
    table.push([id ?? '', gatewayObject, what, owner, `${Math.floor(ageSeconds / 3_600)} h`]);
  }
  console.log(table.toString());
  return 0;
}

function paymentId(text: string): string {
  if (/^pay[a-z2-7]{26}$/.test(text)) return text;
  throw new InvalidArgumentError('It is `pay` and 26 base32 characters.');
}

function attempt(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new InvalidArgumentError('Write a whole number from 1.');
}
