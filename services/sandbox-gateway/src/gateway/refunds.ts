import type Stripe from 'stripe';
import { missing, refusedByState } from './api-error.js';
import { behaviourOf } from './behaviour.js';
import { bookRefund, intentIdOf, recordEffect, saveCharge } from './charges.js';
import { newId } from './new-id.js';
import { refundObject } from './objects.js';
import { disputesOf } from './dispute-records.js';
import { closeInquiries, requireNoDispute } from './disputes.js';
import { intentOf, tellCharge } from './intent-records.js';
import { idOf } from './reference.js';
import { closeReviews } from './risk.js';
import { requireTransfer, reverseWithRefund } from './transfers.js';
import { nobody, seconds, type Caller, type World } from './world.js';

/** How long a pending refund pends, and a failing one looks well. */
const SETTLES_AFTER_MS = 400;

/** The reason of a refund that only lets go of what was never captured. */
export const RELEASE = 'expired_uncaptured_charge';

export interface CreateRefund {
  readonly charge?: string;
  readonly paymentIntent?: string;
  readonly amount?: number;
  readonly reason?: string;
  readonly metadata: Record<string, string>;
  /** The same share of the charge's transfer goes back too. */
  readonly reverseTransfer?: boolean;
}

export function createRefund(world: World, caller: Caller, from: CreateRefund): Stripe.Refund {
  const charge = refundable(world, caller, from);
  requireNoDispute(world, charge);
  if (from.reverseTransfer === true) requireTransfer(charge);
  const left = charge.amount_captured - charge.amount_refunded;
  if (left === 0) {
    throw refusedByState(
      'charge_already_refunded',
      `Charge ${charge.id} has already been refunded.`,
    );
  }
  const amount = from.amount ?? left;
  if (amount > left) {
    throw refusedByState(
      'refund_amount_too_large',
      `Refund amount (${amount}) is greater than unrefunded amount on charge (${left}).`,
      { param: 'amount' },
    );
  }
  const way = wayOf(charge);
  const draft = refundObject({
    id: newId('re'),
    amount,
    created: seconds(world),
    charge,
    metadata: from.metadata,
    reason: from.reason ?? null,
    status: way === 'pending' ? 'pending' : 'succeeded',
  });
  const transaction = bookRefund(world, caller.account, charge, draft, 'refund');
  const reversal =
    from.reverseTransfer === true ? reverseWithRefund(world, caller, charge, draft) : null;
  const refund: Stripe.Refund = {
    ...draft,
    balance_transaction: transaction,
    transfer_reversal: reversal,
  };
  save(world, caller.account, refund);
  recordEffect(world, caller, 'refunded', charge, refund.id, amount);
  const refunded = saveCharge(world, caller.account, {
    ...charge,
    amount_refunded: charge.amount_refunded + amount,
    // Not while a later capture could still add to what may be refunded.
    refunded: charge.captured && charge.amount_refunded + amount === charge.amount_captured,
  });
  tellRefund(world, caller.account, caller, refund, 'refund.created');
  tellCharge(world, caller, refunded, 'charge.refunded');
  closeInquiries(world, refunded);
  if (refunded.refunded) {
    const fraud = from.reason === 'fraudulent';
    closeReviews(world, refunded, fraud ? 'refunded_as_fraud' : 'refunded');
  }
  if (way !== undefined) {
    world.later(SETTLES_AFTER_MS, () => settle(world, caller.account, refund.id, way));
  }
  return refund;
}

export function refundOf(world: World, account: string, id: string): Stripe.Refund {
  const record = world.store.get('refunds', id);
  if (record === undefined || record.account !== account) throw missing('refund', id);
  return record.object;
}

/** An authorization that ran out leaves a refund behind, though no money was ever taken. */
export function saveRelease(world: World, account: string, charge: Stripe.Charge): void {
  const refund: Stripe.Refund = refundObject({
    id: newId('re'),
    amount: charge.amount,
    created: seconds(world),
    charge,
    metadata: {},
    reason: RELEASE,
    status: 'succeeded',
  });
  save(world, account, refund);
  tellRefund(world, account, undefined, refund, 'refund.created');
}

/** After a restart: refunds that were still to settle. */
export function resumeRefunds(world: World): void {
  for (const { account, object } of world.store.all('refunds')) {
    const charge = world.store.get('charges', idOf(object.charge))?.object;
    const way = charge === undefined ? undefined : wayOf(charge);
    const open =
      (way === 'pending' && object.status === 'pending') ||
      (way === 'fails_later' && object.status === 'succeeded' && object.reason !== RELEASE);
    if (way !== undefined && open) {
      world.later(SETTLES_AFTER_MS, () => settle(world, account, object.id, way));
    }
  }
}

function settle(world: World, account: string, id: string, way: 'pending' | 'fails_later'): void {
  const before = refundOf(world, account, id);
  const charge = chargeIn(world, before);
  if (way === 'fails_later') {
    fail(world, before, charge, 'expired_or_canceled_card');
    return;
  }
  if (disputesOf(world, charge.id).some((dispute) => !dispute.is_charge_refundable)) {
    fail(world, before, charge, 'charge_for_pending_refund_disputed');
    return;
  }
  const { pending_reason: _over, ...rest } = before;
  const refund: Stripe.Refund = { ...rest, status: 'succeeded' };
  save(world, account, refund);
  tellRefund(world, account, undefined, refund, 'refund.updated');
  tellRefund(world, account, undefined, refund, 'charge.refund.updated');
}

/** The bank sends it back: the money is the merchant's again. */
function fail(world: World, before: Stripe.Refund, charge: Stripe.Charge, reason: string): void {
  const { account } = world.store.get('refunds', before.id) ?? { account: '' };
  const { pending_reason: _over, ...rest } = before;
  const failed: Stripe.Refund = {
    ...rest,
    status: 'failed',
    failure_reason: reason,
    failure_balance_transaction: bookRefund(world, account, charge, before, 'refund_failure'),
  };
  save(world, account, failed);
  recordEffect(world, nobody(account), 'refund_failed', charge, failed.id, failed.amount);
  // What was refunded so far falls again: the reason why nobody may read it as a running total.
  saveCharge(world, account, {
    ...charge,
    amount_refunded: charge.amount_refunded - failed.amount,
    refunded: false,
  });
  tellRefund(world, account, undefined, failed, 'refund.failed');
  tellRefund(world, account, undefined, failed, 'refund.updated');
  tellRefund(world, account, undefined, failed, 'charge.refund.updated');
}

function chargeIn(world: World, refund: Stripe.Refund): Stripe.Charge {
  const record = world.store.get('charges', idOf(refund.charge));
  if (record === undefined) throw new Error(`charge of ${refund.id} is missing`);
  return record.object;
}

function refundable(world: World, caller: Caller, from: CreateRefund): Stripe.Charge {
  const id =
    from.charge ??
    idOf(intentOf(world, caller.account, from.paymentIntent ?? '').object.latest_charge);
  const record = world.store.get('charges', id);
  if (record === undefined || record.account !== caller.account) throw missing('charge', id);
  const charge = record.object;
  if (charge.amount_captured === 0 || charge.status !== 'succeeded') {
    throw refusedByState('charge_not_captured', `Charge ${charge.id} has nothing to refund.`);
  }
  return charge;
}

function wayOf(charge: Stripe.Charge): 'pending' | 'fails_later' | undefined {
  return behaviourOf(charge.payment_method ?? '')?.refund;
}

function save(world: World, account: string, object: Stripe.Refund): void {
  world.store.put('refunds', object.id, { account, object });
}

function tellRefund(
  world: World,
  account: string,
  caller: Caller | undefined,
  object: Stripe.Refund,
  type: 'refund.created' | 'refund.updated' | 'refund.failed' | 'charge.refund.updated',
): void {
  const charge = world.store.get('charges', idOf(object.charge))?.object;
  world.emitter.emit(
    {
      account,
      caller,
      at: seconds(world),
      ...(charge === undefined ? {} : { paymentIntentId: intentIdOf(charge) }),
    },
    type,
    object,
  );
}
