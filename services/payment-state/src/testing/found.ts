import { factId, foundPaymentId } from '@paylog/contracts';
import type { Fact, OriginFact } from '@paylog/payment-domain';
import { eur } from './facts.js';

const AT = '2026-03-04T12:00:00.000Z';
const base = (name: string, pi: string) => ({
  id: factId(name, pi),
  at: AT,
  source: 'webhook' as const,
});

export const foundAt = (object: string): string =>
  foundPaymentId({ mode: 'test', account: 'stripe-main', object });

export const origin = (pi: string, more: Partial<OriginFact> = {}): OriginFact => ({
  ...base('origin', pi),
  type: 'origin',
  mode: 'test',
  account: 'stripe-main',
  gateway: 'stripe',
  object: pi,
  ...more,
});

/** Everything that a gateway tells of a payment made in its dashboard, and partly given back there. */
export function foundFacts(pi: string, minor = 1000, refunded = 400): Fact[] {
  const ch = pi.replace('pi', 'ch');
  const amount = eur(minor);
  return [
    origin(pi),
    { ...base('alias', pi), type: 'alias', alias: pi, target: foundAt(pi) },
    {
      ...base('authorization', pi),
      type: 'operation',
      kind: 'authorization',
      operation: ch,
      outcome: 'succeeded',
      amount,
    },
    {
      ...base('capture', pi),
      type: 'operation',
      kind: 'capture',
      operation: `${ch}/capture`,
      outcome: 'succeeded',
      amount,
      parent: ch,
    },
    { ...base('total', pi), type: 'total', object: ch, value: amount },
    {
      ...base('session', pi),
      type: 'operation',
      kind: 'session',
      operation: `${pi}/session`,
      outcome: 'succeeded',
    },
    {
      ...base('refund', pi),
      type: 'operation',
      kind: 'refund',
      operation: `re_${pi}`,
      outcome: 'succeeded',
      amount: eur(refunded),
      parent: ch,
    },
  ];
}
