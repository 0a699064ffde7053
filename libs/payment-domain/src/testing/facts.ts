import type {
  AdoptionFact,
  AliasFact,
  DisputeFact,
  Kind,
  OperationFact,
  OriginFact,
  Outcome,
  RetractionFact,
  TermsFact,
  TotalFact,
} from '../fact.js';
import type { Money } from '../money.js';

/** Short ways to say facts in specs. An id is made from the content, so saying a thing twice is one fact. */

const AT = '2026-01-02T03:04:05.000Z';

export const eur = (minor: number): Money => ({ minor: BigInt(minor), currency: 'EUR' });
export const usd = (minor: number): Money => ({ minor: BigInt(minor), currency: 'USD' });

export function terms(minor: number, more: Partial<TermsFact> = {}): TermsFact {
  return {
    type: 'terms',
    id: `terms ${minor}`,
    at: AT,
    source: 'request',
    mode: 'test',
    storefront: 'shop',
    orderId: 'order-1',
    attempt: 1,
    amount: eur(minor),
    captureMode: 'automatic',
    account: 'stripe-main',
    gateway: 'stripe',
    ...more,
  };
}

type More = Partial<Omit<OperationFact, 'amount'>> & { readonly amount?: Money | number };

const operation =
  (kind: Kind) =>
  (id: string, outcome: Outcome, amount?: number | Money, more: More = {}): OperationFact => {
    const named = typeof amount === 'number' ? eur(amount) : amount;
    const asks = outcome === 'requested';
    const { amount: _amount, ...rest } = more;
    return {
      type: 'operation',
      id: `${kind} ${id} ${outcome} ${rest.source ?? ''} ${rest.call ?? ''} ${named?.minor ?? ''}${named?.currency ?? ''}`,
      at: AT,
      source: asks ? 'request' : 'webhook',
      operation: id,
      kind,
      outcome,
      ...(named && (asks ? { asked: named } : { amount: named })),
      ...(asks && { call: 1 }),
      ...rest,
    };
  };

export const session = operation('session');
export const authorization = operation('authorization');
export const capture = operation('capture');
export const voiding = operation('void');
export const refund = operation('refund');
export const hold = operation('hold');
export const withdrawal = operation('dispute_withdrawal');
export const reinstatement = operation('dispute_reinstatement');
export const disputeFee = operation('dispute_fee');
export const participantPayout = operation('participant_payout');
export const participantReversal = operation('participant_payout_reversal');

/** A case, told by a webhook. */
export function dispute(
  id: string,
  stage: DisputeFact['stage'],
  outcome: DisputeFact['outcome'],
  amount?: number | Money,
  more: Partial<DisputeFact> = {},
): DisputeFact {
  const named = typeof amount === 'number' ? eur(amount) : amount;
  return {
    type: 'dispute',
    id: `dispute ${id} ${stage} ${outcome} ${named?.minor ?? ''}${named?.currency ?? ''}`,
    at: AT,
    source: 'webhook',
    dispute: id,
    stage,
    outcome,
    ...(named && { amount: named }),
    ...more,
  };
}

export function alias(alias: string, target: string): AliasFact {
  return {
    type: 'alias',
    id: `alias ${alias} ${target}`,
    at: AT,
    source: 'response',
    alias,
    target,
  };
}

export function total(object: string, value: number | Money): TotalFact {
  const money = typeof value === 'number' ? eur(value) : value;
  return {
    type: 'total',
    id: `total ${object} ${money.minor}${money.currency}`,
    at: AT,
    source: 'webhook',
    object,
    value: money,
  };
}

export function origin(object: string, more: Partial<OriginFact> = {}): OriginFact {
  return {
    type: 'origin',
    id: `origin ${object}`,
    at: AT,
    source: 'webhook',
    mode: 'test',
    account: 'stripe-main',
    gateway: 'stripe',
    object,
    ...more,
  };
}

export function adoption(
  payment: string,
  into: string,
  more: Partial<AdoptionFact> = {},
): AdoptionFact {
  return {
    type: 'adoption',
    id: `adoption ${payment} ${into}`,
    at: AT,
    source: 'operator',
    payment,
    into,
    storefront: 'shop',
    orderId: 'order-1',
    operator: 'ines',
    reason: 'paid by a link we sent',
    ...more,
  };
}

export function retraction(
  of: { readonly id: string },
  more: Partial<RetractionFact> = {},
): RetractionFact {
  return {
    type: 'retraction',
    id: `retraction ${of.id}`,
    at: AT,
    source: 'operator',
    retracts: of.id,
    reason: 'wrong_mapping',
    ...more,
  };
}
