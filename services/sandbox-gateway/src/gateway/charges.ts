import type Stripe from 'stripe';
import type { EffectKind, EffectRecord } from '../store.js';
import type { Decline } from './behaviour.js';
import { behaviour } from './intent-records.js';
import { newId } from './new-id.js';
import { idOf } from './reference.js';
import { balanceTransactionObject, chargeObject, type NewBalanceTransaction } from './objects.js';
import { seconds, type Caller, type World } from './world.js';

/** Share of a capture the sandbox keeps: 2.9 % and 30 minor units, half up. Account configurations expect the same. */
const FEE_BPS = 290;
const FEE_FIXED = 30;

export function feeOf(amount: number): number {
  return Math.floor((amount * FEE_BPS + 5000) / 10_000) + FEE_FIXED;
}

/** One try at the issuer. */
export function makeCharge(
  world: World,
  account: string,
  intent: Stripe.PaymentIntent,
  decline: Decline | undefined,
): Stripe.Charge {
  const object = chargeObject({
    id: newId('ch'),
    created: seconds(world),
    intent,
    flexible: behaviour(intent).singleCapture !== true,
    bank: behaviour(intent).delayed !== undefined,
    ...(decline === undefined
      ? {}
      : {
          failure: {
            ...decline,
            adviceCode: decline.adviceCode ?? null,
            blocked: decline.blocked === true,
          },
        }),
  });
  return saveCharge(world, account, object);
}

export function saveCharge(world: World, account: string, object: Stripe.Charge): Stripe.Charge {
  world.store.put('charges', object.id, { account, object });
  return object;
}

export function chargeOf(world: World, intent: Stripe.PaymentIntent): Stripe.Charge {
  const id = idOf(intent.latest_charge);
  const record = world.store.get('charges', id);
  if (record === undefined) throw new Error(`charge ${id} of ${intent.id} is missing`);
  return record.object;
}

/** Money comes in: the balance grows by the amount less the fee. */
export function bookCapture(
  world: World,
  caller: Caller,
  charge: Stripe.Charge,
  amount: number,
): string {
  return book(world, caller.account, charge, {
    amount,
    fee: feeOf(amount),
    source: charge.id,
    category: 'charge',
  }).id;
}

/** Money goes back, or comes back when the refund fails. The fee is kept. */
export function bookRefund(
  world: World,
  account: string,
  charge: Stripe.Charge,
  refund: Stripe.Refund,
  category: 'refund' | 'refund_failure',
): string {
  const amount = category === 'refund' ? -refund.amount : refund.amount;
  return book(world, account, charge, { amount, fee: 0, source: refund.id, category }).id;
}

/** Money that had come in was never there. */
export function bookFailure(
  world: World,
  account: string,
  charge: Stripe.Charge,
  amount: number,
): string {
  const entry = { amount: -amount, fee: 0, source: charge.id, category: 'charge_failure' } as const;
  return book(world, account, charge, entry).id;
}

/** Money is withdrawn (negative) or reinstated. */
export function bookDispute(
  world: World,
  account: string,
  charge: Stripe.Charge,
  dispute: string,
  { amount, fee }: { readonly amount: number; readonly fee: number },
): Stripe.BalanceTransaction {
  return book(world, account, charge, {
    amount,
    fee,
    source: dispute,
    category: amount < 0 ? 'dispute' : 'dispute_reversal',
    description: `Chargeback ${amount < 0 ? 'withdrawal' : 'reversal'} for ${charge.id}`,
  });
}

/** A credit or a debit that is about no payment. */
export function bookAdjustment(
  world: World,
  { account }: Caller,
  entry: { readonly amount: number; readonly currency: string; readonly description?: string },
): Stripe.BalanceTransaction {
  const source = newId('adj');
  return put(world, account, { fee: 0, source, category: 'adjustment', ...entry });
}

/** Money goes on to a participant (negative), or comes back. */
export function bookTransfer(
  world: World,
  { account }: Caller,
  entry: Pick<Entry, 'amount' | 'currency' | 'source' | 'category'>,
  charge: Stripe.Charge | undefined,
): string {
  return put(world, account, { fee: 0, ...entry }, charge).id;
}

function book(
  world: World,
  account: string,
  charge: Stripe.Charge,
  entry: Omit<Entry, 'currency'>,
): Stripe.BalanceTransaction {
  return put(world, account, { ...entry, currency: charge.currency }, charge);
}

type Entry = Omit<NewBalanceTransaction, 'id' | 'created'>;

function put(
  world: World,
  account: string,
  entry: Entry,
  charge?: Stripe.Charge,
): Stripe.BalanceTransaction {
  const created = seconds(world);
  const object = balanceTransactionObject({ id: newId('txn'), created, ...entry });
  world.store.put('balance', object.id, {
    account,
    object,
    chargeId: charge?.id ?? '',
    paymentIntentId: charge === undefined ? '' : intentIdOf(charge),
  });
  return object;
}

/** Writes down what a call did to money. */
export function recordEffect(
  world: World,
  caller: Caller,
  kind: EffectKind,
  charge: Stripe.Charge,
  object: string,
  amount: number,
): void {
  const { currency } = charge;
  recordMove(world, caller, kind, {
    paymentIntentId: intentIdOf(charge),
    object,
    amount,
    currency,
  });
}

/** The same for money that may be of no charge. */
export function recordMove(
  world: World,
  { account, idempotencyKey }: Caller,
  kind: EffectKind,
  moved: Pick<EffectRecord, 'paymentIntentId' | 'object' | 'amount' | 'currency'>,
): void {
  world.store.put('effects', String(world.store.count('effects') + 1), {
    account,
    kind,
    at: world.now().toISOString(),
    ...moved,
    idempotencyKey,
  });
}

/** What the balance holds and no payout took yet, by currency. Settled at T+0, all of it is available. */
export function balanceOf(world: World, account: string): ReadonlyMap<string, number> {
  const held = new Map<string, number>();
  for (const { account: owner, object, payout } of world.store.all('balance')) {
    if (owner !== account || payout !== undefined) continue;
    held.set(object.currency, (held.get(object.currency) ?? 0) + object.net);
  }
  return held;
}

export function intentIdOf(charge: Stripe.Charge): string {
  return idOf(charge.payment_intent);
}
