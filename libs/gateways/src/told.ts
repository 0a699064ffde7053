import { factId } from '@paylog/contracts';
import type { DisputeFact, Fact, Money } from '@paylog/payment-domain';
import { GatewayFault } from './fault.js';
import { MAPPING_VERSION, operation, type FactOrigin, type Told } from './observed-to-facts.js';

export type ToldDispute = Omit<DisputeFact, 'id' | 'type' | 'at' | 'source'>;

/** What one event says: outcomes of operations and of disputes. */
export type Tale = readonly (Told | ToldDispute)[];

export function factsIn(origin: FactOrigin, tale: Tale): readonly Fact[] {
  return tale.map((told) => ('dispute' in told ? dispute(origin, told) : operation(origin, told)));
}

function dispute(origin: FactOrigin, told: ToldDispute): DisputeFact {
  return {
    id: factId(...origin.scope, MAPPING_VERSION, 'dispute', told.dispute, told.stage, told.outcome),
    type: 'dispute',
    at: origin.at,
    source: origin.source,
    ...told,
  };
}

/** An amount that was read, or a fault that makes its event unreadable. */
export function exactly(money: Money | undefined, amount: unknown, currency: string): Money {
  if (money !== undefined) return money;
  throw new GatewayFault(
    'amount_unreadable',
    `${JSON.stringify(amount)} ${currency} is no amount this gateway gives, or a currency we don't know of it`,
    false,
  );
}

/** RFC 3339 with any offset, as ours: in UTC. A fault that makes its event unreadable, where it is none. */
export function instantOf(text: unknown, field: string): string {
  const known =
    typeof text === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/.test(text);
  const ms = known ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new GatewayFault('time_unreadable', `${field} ${JSON.stringify(text)} is no time`, false);
  }
  return new Date(ms).toISOString();
}
