import type Stripe from 'stripe';
import type { TransferRecord } from '../store.js';
import { ApiError, invalidParameter, missing, refusedByState } from './api-error.js';
import { balanceOf, bookTransfer, intentIdOf, recordMove, saveCharge } from './charges.js';
import { newId } from './new-id.js';
import { idOf } from './reference.js';
import { reversalObject, transferObject } from './transfer-objects.js';
import { seconds, type Caller, type World } from './world.js';

type Transfer = Stripe.Transfer;

export interface CreateTransfer {
  readonly amount: number;
  readonly currency: string;
  readonly destination: string;
  readonly description?: string;
  readonly metadata: Record<string, string>;
  /** The charge whose money it is; without one it is taken from the balance. */
  readonly source?: string;
  readonly group?: string;
}

/** Money goes on to an account that takes part in the sale. */
export function createTransfer(world: World, caller: Caller, from: CreateTransfer): Transfer {
  const charge = from.source === undefined ? undefined : sourceOf(world, caller, from.source);
  requireDestination(from.destination);
  if (charge === undefined) requireBalance(world, caller.account, from);
  else requireLeft(world, charge, from);
  return send(world, caller, from, charge);
}

function send(
  world: World,
  caller: Caller,
  from: CreateTransfer,
  charge: Stripe.Charge | undefined,
): Transfer {
  const id = newId('tr');
  const group = from.group ?? charge?.transfer_group ?? null;
  const entry = { amount: -from.amount, currency: from.currency, source: id };
  const object = transferObject({
    id,
    amount: from.amount,
    balanceTransaction: bookTransfer(world, caller, { ...entry, category: 'transfer' }, charge),
    created: seconds(world),
    currency: from.currency,
    description: from.description ?? null,
    destination: from.destination,
    destinationPayment: newId('py'),
    metadata: from.metadata,
    sourceTransaction: charge?.id ?? null,
    transferGroup: group,
  });
  const paymentIntentId =
    charge === undefined ? intentInGroup(world, caller.account, group) : intentIdOf(charge);
  const record = { account: caller.account, object, paymentIntentId };
  world.store.put('transfers', id, record);
  move(world, caller, record, 'transferred', id, from.amount);
  tell(world, caller, record, 'transfer.created');
  return object;
}

export interface CreateReversal {
  /** Everything that is left, if absent. */
  readonly amount?: number;
  readonly metadata: Record<string, string>;
  /** The refund that asked for it. */
  readonly refund?: string;
}

/** Takes back what was transferred, or a part of it. */
export function reverseTransfer(
  world: World,
  caller: Caller,
  id: string,
  from: CreateReversal,
): Stripe.TransferReversal {
  const before = transferRecord(world, caller.account, id);
  const left = before.object.amount - before.object.amount_reversed;
  const amount = from.amount ?? left;
  if (amount > left || amount === 0) {
    throw refusedByState(
      'transfer_already_reversed',
      `The reversal (${amount}) is greater than what is left of the transfer (${left}).`,
      { param: 'amount' },
    );
  }
  const source = newId('trr');
  const charge = world.store.get('charges', idOf(before.object.source_transaction))?.object;
  const { currency } = before.object;
  const category = 'transfer_reversal';
  const reversal = reversalObject({
    id: source,
    amount,
    balanceTransaction: bookTransfer(world, caller, { amount, currency, source, category }, charge),
    created: seconds(world),
    metadata: from.metadata,
    sourceRefund: from.refund ?? null,
    transfer: before.object,
  });
  const reversed = before.object.amount_reversed + amount;
  const record: TransferRecord = {
    ...before,
    object: {
      ...before.object,
      amount_reversed: reversed,
      reversed: reversed === before.object.amount,
      reversals: {
        ...before.object.reversals,
        data: [reversal, ...before.object.reversals.data],
      },
    },
  };
  world.store.put('transfers', id, record);
  move(world, caller, record, 'transfer_reversed', source, amount);
  tell(world, caller, record, 'transfer.reversed');
  return reversal;
}

/** What a PaymentIntent said should go on: done once everything is captured. */
export function transferLater(
  world: World,
  caller: Caller,
  intent: Stripe.PaymentIntent,
  charge: Stripe.Charge,
): void {
  const wanted = intent.transfer_data;
  if (wanted === null || wanted === undefined) return;
  const to = {
    amount: Math.min(wanted.amount ?? charge.amount_captured, charge.amount_captured),
    currency: charge.currency,
    destination: idOf(wanted.destination),
    metadata: {},
  };
  const transfer = send(world, caller, to, charge);
  const current = world.store.get('charges', charge.id)?.object ?? charge;
  saveCharge(world, caller.account, { ...current, transfer: transfer.id });
}

/** The same share of the transfer as of the charge goes back with a refund that says so. */
export function reverseWithRefund(
  world: World,
  caller: Caller,
  charge: Stripe.Charge,
  refund: Stripe.Refund,
): string | null {
  const record = world.store.get('transfers', idOf(charge.transfer));
  if (record === undefined) return null;
  const { id, amount, amount_reversed: reversed } = record.object;
  const share = Math.round((amount * refund.amount) / charge.amount_captured);
  const left = Math.min(share, amount - reversed);
  if (left === 0) return null;
  return reverseTransfer(world, caller, id, { amount: left, metadata: {}, refund: refund.id }).id;
}

export function requireTransfer(charge: Stripe.Charge): void {
  if (typeof charge.transfer === 'string') return;
  throw invalidParameter('reverse_transfer', 'The charge has no transfer to be reversed.');
}

export function transferRecord(world: World, account: string, id: string): TransferRecord {
  const record = world.store.get('transfers', id);
  if (record === undefined || record.account !== account) throw missing('transfer', id);
  return record;
}

function sourceOf(world: World, caller: Caller, id: string): Stripe.Charge {
  const record = world.store.get('charges', id);
  if (record === undefined || record.account !== caller.account) {
    throw missing('charge', id, 'source_transaction');
  }
  return record.object;
}

/** An account that can be paid. */
export function requireDestination(destination: string): void {
  if (!destination.startsWith('acct_')) throw missing('destination', destination, 'destination');
  if (!destination.includes('closed')) return;
  throw refusedByState('account_closed', `The account ${destination} is closed.`, {
    param: 'destination',
  });
}

/** No more than the charge brought, and not from one that was captured in several parts. */
function requireLeft(world: World, charge: Stripe.Charge, from: CreateTransfer): void {
  const wrong = (message: string): ApiError =>
    new ApiError(
      400,
      { type: 'invalid_request_error', message, param: 'source_transaction' },
      true,
    );
  if (charge.status !== 'succeeded' || charge.amount_captured === 0) {
    throw wrong(`Charge ${charge.id} has nothing to transfer.`);
  }
  if (charge.currency !== from.currency) {
    throw wrong(`The transfer must be in ${charge.currency}, as its source is.`);
  }
  const captures = world.store
    .all('effects')
    .filter(({ kind, object }) => kind === 'captured' && object === charge.id);
  if (captures.length > 1 || !charge.captured) {
    throw wrong('source_transaction is not supported with multicapture.');
  }
  const given = world.store
    .all('transfers')
    .filter(({ object }) => object.source_transaction === charge.id)
    .reduce((sum, { object }) => sum + object.amount - object.amount_reversed, 0);
  if (given + from.amount > charge.amount_captured) {
    throw wrong(
      `Transfers using this transaction as a source must not exceed ${charge.amount_captured}.`,
    );
  }
}

function requireBalance(world: World, account: string, from: CreateTransfer): void {
  if ((balanceOf(world, account).get(from.currency) ?? 0) >= from.amount) return;
  throw refusedByState(
    'balance_insufficient',
    'You have insufficient available funds in your Stripe account.',
  );
}

function intentInGroup(world: World, account: string, group: string | null): string {
  if (group === null) return '';
  const found = world.store
    .all('intents')
    .find((each) => each.account === account && each.object.transfer_group === group);
  return found?.object.id ?? '';
}

function move(
  world: World,
  caller: Caller,
  { object, paymentIntentId }: TransferRecord,
  kind: 'transferred' | 'transfer_reversed',
  id: string,
  amount: number,
): void {
  recordMove(world, caller, kind, {
    paymentIntentId,
    currency: object.currency,
    object: id,
    amount,
  });
}

function tell(
  world: World,
  caller: Caller,
  { account, object, paymentIntentId }: TransferRecord,
  type: 'transfer.created' | 'transfer.reversed',
): void {
  const occasion = { account, caller, at: seconds(world) };
  const about = paymentIntentId === '' ? {} : { paymentIntentId };
  world.emitter.emit({ ...occasion, ...about }, type, object);
}
