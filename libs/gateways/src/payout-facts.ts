import type { Fact } from '@paylog/payment-domain';
import { alias, operation, type FactOrigin } from './observed-to-facts.js';
import type { ObservedPayout } from './port.js';

/** A share passed on or taken back, under our id when its metadata or our own answer names it, else the gateway's. */
export function payoutFacts(
  origin: FactOrigin,
  payout: ObservedPayout,
  ours: string | undefined,
): Fact[] {
  const { id, kind, amount, participant, parent } = payout;
  const fact = operation(origin, {
    operation: ours ?? id,
    kind,
    outcome: 'succeeded',
    amount,
    ...(parent === undefined ? {} : { parent }),
    ...(participant === undefined ? {} : { participant }),
  });
  return ours === undefined ? [fact] : [alias(origin, id, ours), fact];
}
