import type Stripe from 'stripe';
import type { DisputeRecord } from '../store.js';
import { missing } from './api-error.js';
import { intentIdOf } from './charges.js';
import type { Emitted } from './events.js';
import { idOf } from './reference.js';
import { seconds, type Caller, type World } from './world.js';

type Dispute = Stripe.Dispute;

export function disputesOf(world: World, chargeId: string): readonly Dispute[] {
  return world.store
    .all('disputes')
    .map(({ object }) => object)
    .filter(({ charge }) => idOf(charge) === chargeId);
}

export function disputeOf(world: World, account: string, id: string): Dispute {
  return recordOf(world, account, id).object;
}

export function recordOf(world: World, account: string, id: string): DisputeRecord {
  const record = world.store.get('disputes', id);
  if (record === undefined || record.account !== account) throw missing('dispute', id);
  return record;
}

export function disputedCharge(world: World, { id, charge }: Dispute): Stripe.Charge {
  const record = world.store.get('charges', idOf(charge));
  if (record === undefined) throw new Error(`charge of ${id} is missing`);
  return record.object;
}

export function saveDispute(world: World, record: DisputeRecord): void {
  world.store.put('disputes', record.object.id, record);
}

export function updateDispute(world: World, object: Dispute): void {
  const record = world.store.get('disputes', object.id);
  if (record === undefined) throw new Error(`${object.id} is missing`);
  saveDispute(world, { ...record, object });
}

type DisputeEvent = Extract<Emitted, `charge.dispute.${string}`>;

export function tellDispute(
  world: World,
  account: string,
  object: Dispute,
  type: DisputeEvent,
  previous?: Record<string, unknown>,
  caller?: Caller,
): void {
  const paymentIntentId = intentIdOf(disputedCharge(world, object));
  const occasion = { account, caller, paymentIntentId, at: seconds(world) };
  world.emitter.emit(occasion, type, object, previous);
}
