import { factId } from '@paylog/contracts';
import type { Fact, Operation, Payment } from '@paylog/payment-domain';

/** Why a payment is held while a message about it is parked. */
export const PARKED = 'parked';

/** Its last parked message was applied or discarded: nothing of it waits any more. */
export interface Lift {
  readonly paymentId: string;
  /** The row that is settled in the same commit. */
  readonly parkedId: string;
  readonly at: string;
}

/** Asks this fact for a hold of the kind that a parked message puts on its payment? */
export function holdsForParked(fact: Fact): boolean {
  return (
    fact.type === 'operation' &&
    fact.kind === 'hold' &&
    fact.outcome === 'requested' &&
    fact.reason === PARKED
  );
}

/** The holds for parked messages that are not over: one at most, but for what an earlier version wrote. */
export function parkedHolds({ operations }: Payment): readonly Operation[] {
  return operations.filter(
    ({ kind, status, reason }) => kind === 'hold' && status === 'requested' && reason === PARKED,
  );
}

/** The end of a hold. */
export function endOf(hold: Operation, at: string): Fact {
  return {
    type: 'operation',
    id: factId('hold', hold.id, 'canceled'),
    operation: hold.id,
    kind: 'hold',
    outcome: 'canceled',
    reason: PARKED,
    at,
    source: 'clock',
  };
}
