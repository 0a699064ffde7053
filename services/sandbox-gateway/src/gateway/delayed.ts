import type Stripe from 'stripe';
import { refusedByState } from './api-error.js';
import { behaviourOf, type Decline } from './behaviour.js';
import {
  bookFailure,
  chargeOf,
  intentIdOf,
  makeCharge,
  recordEffect,
  saveCharge,
} from './charges.js';
import { behaviour, intentOf, requireStatus, tell, tellCharge, update } from './intent-records.js';
import { refuse, take } from './tries.js';
import { nobody, type Caller, type World } from './world.js';

type Intent = Stripe.PaymentIntent;

/** A bank takes days; the sandbox hasn't got them. */
const BANK_ANSWERS_AFTER_MS = 400;

/** Bank debits and the like: the try is under way, and the bank says later how it ended. */
export function startDelayed(world: World, caller: Caller, before: Intent): Intent {
  if (before.capture_method === 'manual') {
    throw refusedByState(
      'payment_intent_invalid_parameter',
      'This payment method does not support manual capture.',
      { param: 'capture_method', payment_intent: before },
    );
  }
  const made = makeCharge(world, caller.account, before, undefined);
  const charge = saveCharge(world, caller.account, { ...made, status: 'pending', paid: false });
  const object: Intent = { ...before, status: 'processing', latest_charge: charge.id };
  update(world, object);
  tellCharge(world, caller, charge, 'charge.pending');
  tell(world, caller, object, 'payment_intent.processing');
  endLater(world, caller.account, object);
  return object;
}

export const BANK_ANSWERS = ['succeeded', 'failed'] as const;
export type BankAnswer = (typeof BANK_ANSWERS)[number];

/** The bank says how a payment in processing ended. */
export function endDelayed(world: World, account: string, id: string, answer: BankAnswer): Intent {
  const { object: before } = intentOf(world, account, id);
  requireStatus(before, 'decide', ['processing']);
  const charge = chargeOf(world, before);
  const bank = nobody(account);
  if (answer === 'succeeded') {
    recordEffect(world, bank, 'authorized', charge, charge.id, charge.amount);
    const object = take(world, bank, before, charge);
    if (behaviour(before).failsLater === true) failLater(world, account, charge.id);
    return object;
  }
  const failed = saveCharge(world, account, { ...charge, ...failureOf(NO_FUNDS) });
  refuse(world, bank, before, failed, NO_FUNDS);
  return intentOf(world, account, id).object;
}

/**
 * A charge that had succeeded fails: the money is taken back from the balance. The PaymentIntent waits for another method,
 * so a new charge can make good for it.
 */
export function failCharge(world: World, account: string, id: string): Stripe.Charge {
  const before = world.store.get('charges', id)?.object;
  if (before === undefined || before.status !== 'succeeded' || before.amount_captured === 0) {
    throw refusedByState('charge_not_captured', `Charge ${id} has nothing that could fail.`);
  }
  const bank = nobody(account);
  const amount = before.amount_captured - before.amount_refunded;
  const failed = saveCharge(world, account, {
    ...before,
    ...failureOf(ACCOUNT_CLOSED),
    failure_balance_transaction: bookFailure(world, account, before, amount),
  });
  recordEffect(world, bank, 'charge_failed', failed, failed.id, amount);
  const intent = intentOf(world, account, intentIdOf(before)).object;
  refuse(world, bank, intent, failed, ACCOUNT_CLOSED);
  return failed;
}

function failLater(world: World, account: string, id: string): void {
  world.later(BANK_ANSWERS_AFTER_MS, () => {
    if (world.store.get('charges', id)?.object.status === 'succeeded') {
      failCharge(world, account, id);
    }
  });
}

function endLater(world: World, account: string, intent: Intent): void {
  const answer = behaviour(intent).delayed;
  if (answer === undefined || answer === 'waits') return;
  world.later(BANK_ANSWERS_AFTER_MS, () => {
    // Somebody may have decided it meanwhile.
    if (intentOf(world, account, intent.id).object.status !== 'processing') return;
    endDelayed(world, account, intent.id, answer);
  });
}

/** After a restart: what banks have still to say. */
export function resumeDelayed(world: World): void {
  for (const { account, object } of world.store.all('intents')) {
    if (object.status === 'processing') endLater(world, account, object);
  }
  for (const { account, object } of world.store.all('charges')) {
    const late = behaviourOf(object.payment_method ?? '')?.failsLater === true;
    if (late && object.status === 'succeeded') failLater(world, account, object.id);
  }
}

const NO_FUNDS: Decline = {
  code: 'payment_intent_payment_attempt_failed',
  declineCode: 'insufficient_funds',
  message: 'The customer has not enough money in their account.',
};
const ACCOUNT_CLOSED: Decline = {
  code: 'payment_intent_payment_attempt_failed',
  declineCode: 'account_closed',
  message: 'The bank account has been closed.',
};

function failureOf({ declineCode, message }: Decline) {
  return {
    status: 'failed',
    paid: false,
    failure_code: declineCode,
    failure_message: message,
  } as const;
}
