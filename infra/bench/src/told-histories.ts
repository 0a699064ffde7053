import type { Fact, Money, OperationFact, Outcome, Source } from '@paylog/payment-domain';
import type { History, Ids } from './payment-histories.js';

const AT = '2026-03-01T12:00:00.000Z';
const eur = (minor: number): Money => ({ minor: BigInt(minor), currency: 'EUR' });

type Told = (id: string, ids: Ids) => Fact;

const terms: Told = (id, ids) => ({
  type: 'terms',
  id,
  at: AT,
  source: 'request',
  mode: 'test',
  storefront: 'shop',
  orderId: ids.order,
  attempt: 1,
  amount: eur(4_990),
  captureMode: 'manual',
  account: 'stripe-main',
  gateway: 'stripe',
});

function operation(
  kind: keyof Ids['operations'],
  outcome: Outcome,
  source: Source,
  more: (ids: Ids) => Partial<OperationFact> = () => ({}),
): Told {
  return (id, ids) => {
    const named = { type: 'operation', id, at: AT, source, kind, outcome } as const;
    return { ...named, operation: ids.operations[kind], ...more(ids) };
  };
}

const asks = (kind: 'session' | 'authorization' | 'capture' | 'refund' | 'void', minor?: number) =>
  operation(kind, 'requested', 'request', () => ({
    call: 1,
    ...(minor !== undefined && { asked: eur(minor) }),
  }));

const alias =
  (name: 'pi' | 'ch' | 're', target: 'session' | 'authorization' | 'refund'): Told =>
  (id, ids) => ({
    type: 'alias',
    id,
    at: AT,
    source: 'response',
    alias: ids.gateway[name],
    target: ids.operations[target],
  });

const total =
  (minor: number): Told =>
  (id, ids) => ({
    type: 'total',
    id,
    at: AT,
    source: 'webhook',
    object: ids.gateway.ch,
    value: eur(minor),
  });

const told = (...facts: readonly Told[]): History => ({
  ids: facts.length,
  facts: (ids) => facts.map((fact, i) => fact(ids.facts[i] ?? '', ids)),
});

const authorized = [
  terms,
  asks('session'),
  asks('authorization', 4_990),
  alias('pi', 'session'),
  operation('session', 'pending', 'response', () => ({ call: 1 })),
  operation('authorization', 'succeeded', 'webhook', () => ({ amount: eur(4_990) })),
] as const;

const captures = (minor: number) =>
  operation('capture', 'succeeded', 'webhook', ({ gateway }) => ({
    amount: eur(minor),
    parent: gateway.ch,
  }));

/** Ten facts each: sold, sold with a total and less than was held, refunded, given back, refused. */
export const TEN_FACTS: readonly History[] = [
  told(
    ...authorized,
    alias('ch', 'authorization'),
    asks('capture', 4_990),
    captures(4_990),
    operation('session', 'succeeded', 'webhook'),
  ),
  told(
    ...authorized,
    alias('ch', 'authorization'),
    asks('capture', 4_000),
    captures(4_000),
    total(4_000),
  ),
  told(
    ...authorized,
    captures(4_990),
    alias('re', 'refund'),
    asks('refund', 1_200),
    operation('refund', 'succeeded', 'webhook', () => ({ amount: eur(1_200) })),
  ),
  told(
    ...authorized,
    alias('ch', 'authorization'),
    asks('void'),
    operation('void', 'succeeded', 'response', () => ({ call: 1 })),
    operation('session', 'canceled', 'webhook'),
  ),
  told(
    terms,
    asks('session'),
    asks('authorization', 4_990),
    alias('pi', 'session'),
    alias('ch', 'authorization'),
    operation('session', 'pending', 'response', () => ({ call: 1 })),
    operation('authorization', 'unknown', 'response', () => ({ call: 1 })),
    operation('authorization', 'refused', 'webhook', () => ({ reason: 'card_declined' })),
    operation('session', 'pending', 'webhook'),
    operation('session', 'canceled', 'webhook', () => ({ reason: 'abandoned' })),
  ),
];

/** The same payments when only so many facts of each are told. */
export const beginningOf = ({ ids, facts }: History, count: number): History => ({
  ids,
  facts: (of) => facts(of).slice(0, count),
});
