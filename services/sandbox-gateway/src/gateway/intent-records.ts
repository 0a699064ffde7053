import type Stripe from 'stripe';
import type { IntentRecord } from '../store.js';
import { missing, refusedByState } from './api-error.js';
import { behaviourOf, type Behaviour } from './behaviour.js';
import type { Emitted } from './events.js';
import { idOf } from './reference.js';
import { seconds, type Caller, type World } from './world.js';

type Intent = Stripe.PaymentIntent;

export function intentOf(world: World, account: string, id: string): IntentRecord {
  const record = world.store.get('intents', id);
  if (record === undefined || record.account !== account)
    throw missing('payment_intent', id, 'intent');
  return record;
}

/** The behaviour of the method used for the last try, which the object itself may have dropped. */
export function behaviour(intent: Intent): Behaviour {
  const method = typeof intent.payment_method === 'string' ? intent.payment_method : '';
  return behaviourOf(method) ?? {};
}

export function requireStatus(intent: Intent, act: string, allowed: readonly string[]): void {
  if (allowed.includes(intent.status)) return;
  throw refusedByState(
    'payment_intent_unexpected_state',
    `You cannot ${act} this PaymentIntent because it has a status of ${intent.status}.`,
    { payment_intent: intent },
  );
}

export function saveIntent(world: World, record: IntentRecord): void {
  world.store.put('intents', record.object.id, record);
}

/** The object changes; what the sandbox knows beside it stays. */
export function update(world: World, object: Intent): void {
  const record = world.store.get('intents', object.id);
  if (record === undefined) throw new Error(`${object.id} is missing`);
  saveIntent(world, { ...record, object });
}

type IntentEvent = Extract<Emitted, `payment_intent.${string}`>;
type ChargeEvent =
  | 'charge.succeeded'
  | 'charge.pending'
  | 'charge.captured'
  | 'charge.expired'
  | 'charge.failed'
  | 'charge.refunded'
  | 'charge.updated';

export function tell(
  world: World,
  caller: Caller,
  object: Intent,
  type: IntentEvent,
  previous?: Record<string, unknown>,
): void {
  world.emitter.emit(
    { account: caller.account, caller, paymentIntentId: object.id, at: seconds(world) },
    type,
    object,
    previous,
  );
}

export function tellCharge(
  world: World,
  caller: Caller,
  object: Stripe.Charge,
  type: ChargeEvent,
  previous?: Record<string, unknown>,
): void {
  const paymentIntentId = idOf(object.payment_intent);
  world.emitter.emit(
    { account: caller.account, caller, paymentIntentId, at: seconds(world) },
    type,
    object,
    previous,
  );
}
