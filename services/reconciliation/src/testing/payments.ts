import {
  encode,
  factId,
  GROUPS,
  operationId,
  partitionOf,
  paymentId,
  PAYMENTS_EVENTS,
  toWireFact,
  toWirePayment,
  toWireTransition,
} from '@paylog/contracts';
import { captureOf } from '@paylog/gateways';
import type { Batch, ConsumedMessage } from '@paylog/kafka';
import {
  addAll,
  type DisputeFact,
  empty,
  eventName,
  type Fact,
  type Kind,
  type Money,
  type Outcome,
  paymentOf,
  type Splits,
  transitions,
} from '@paylog/payment-domain';
import type { Change } from '../ledger/post.js';

/** Short ways to say payments, as payment-state tells them. */

export const ACCOUNT = 'stripe-main';
export const AT = '2026-03-01T12:00:00.000Z';

export interface Sold {
  readonly order: string;
  readonly minor: number;
  readonly currency?: string;
  readonly at?: string;
  readonly splits?: Splits;
}

export const money = (minor: number | bigint, currency = 'EUR'): Money => ({
  minor: BigInt(minor),
  currency,
});

export function idOf(order: string): string {
  return paymentId({ mode: 'test', storefront: 'shop', orderId: order, attempt: 1 });
}

export const chargeOf = (order: string) => `ch_${order}`;
export const containerOf = (order: string) => `pi_${order}`;
export const captureIdOf = (order: string) => operationId(idOf(order), 'capture', '1');
export const refundIdOf = (order: string, n: number) =>
  operationId(idOf(order), 'refund', String(n));
export const disputeOf = (order: string) => `dp_${order}`;
export const withdrawalOf = (order: string) => `txn_out_${order}`;
export const reinstatementOf = (order: string) => `txn_back_${order}`;
export const refundObjectOf = (order: string, n: number) => `re_${order}_${n}`;

/** Asked, won, taken, told by webhook. */
export function sold({ order, minor, currency = 'EUR', at = AT, splits }: Sold): Fact[] {
  const payment = idOf(order);
  const amount = money(minor, currency);
  const charge = chargeOf(order);
  const authorization = operationId(payment, 'authorization', '1');
  const fact = factOf(order, at);
  return [
    termsOf({ order, minor, currency, at, ...(splits && { splits }) }),
    aliasOf(order, containerOf(order), payment, at),
    fact('authorization', authorization, 'requested', amount),
    aliasOf(order, charge, authorization, at),
    fact('authorization', authorization, 'succeeded', amount),
    fact('capture', captureIdOf(order), 'requested', amount),
    aliasOf(order, captureOf(charge), captureIdOf(order), at),
    { ...fact('capture', captureIdOf(order), 'succeeded', amount), parent: charge } as Fact,
    {
      type: 'total',
      id: factId(order, 'total'),
      at,
      source: 'webhook',
      object: charge,
      value: amount,
    },
  ];
}

export function refunded(
  { order, currency = 'EUR', at = AT }: Omit<Sold, 'minor'>,
  n: number,
  minor: number,
  ...outcomes: Outcome[]
): Fact[] {
  const refund = refundIdOf(order, n);
  const fact = factOf(order, at);
  return [
    fact('refund', refund, 'requested', money(minor, currency)),
    aliasOf(order, refundObjectOf(order, n), refund, at),
    ...outcomes.map((outcome) => fact('refund', refund, outcome, money(minor, currency))),
  ];
}

/** A case over `minor` and the money it moves: withdrawn, and where it was won also reinstated. */
export function disputed(
  { order, at = AT }: Pick<Sold, 'order' | 'at'>,
  minor: number,
  ...outcomes: DisputeFact['outcome'][]
): Fact[] {
  const dispute = disputeOf(order);
  const amount = money(minor);
  const moved = (kind: Kind, operation: string) => ({
    ...factOf(order, at)(kind, operation, 'succeeded', amount),
    parent: dispute,
  });
  return [
    ...outcomes.map((outcome): Fact => {
      const id = factId(order, 'dispute', outcome);
      const stage = 'chargeback';
      return { type: 'dispute', id, at, source: 'webhook', dispute, stage, outcome, amount };
    }),
    moved('dispute_withdrawal', withdrawalOf(order)),
    ...(outcomes.includes('won')
      ? [moved('dispute_reinstatement', reinstatementOf(order)) as Fact]
      : []),
  ];
}

export const transferOf = (order: string, participant: string) => `tr_${order}_${participant}`;
export const transferReversalOf = (order: string, participant: string) =>
  `trr_${order}_${participant}`;
export const payoutIdOf = (order: string, participant: string) =>
  operationId(idOf(order), 'participant_payout', `${participant} 1`);

/** A participant's share passed on, and (where `back` says so) taken back in part. */
export function passedOn(
  { order, at = AT }: Pick<Sold, 'order' | 'at'>,
  participant: string,
  minor: number,
  back = 0,
): Fact[] {
  const fact = factOf(order, at);
  const [payout, transfer] = [payoutIdOf(order, participant), transferOf(order, participant)];
  const parent = chargeOf(order);
  const reversal = transferReversalOf(order, participant);
  return [
    { ...fact('participant_payout', payout, 'requested', money(minor)), participant, parent },
    aliasOf(order, transfer, payout, at),
    { ...fact('participant_payout', payout, 'succeeded', money(minor)), participant, parent },
    ...(back > 0
      ? [
          {
            ...fact('participant_payout_reversal', reversal, 'succeeded', money(back)),
            participant,
            parent: transfer,
          },
        ]
      : []),
  ] as Fact[];
}

export function termsOf({ order, minor, currency = 'EUR', at = AT, splits }: Sold): Fact {
  return {
    type: 'terms',
    id: factId('terms', order),
    at,
    source: 'request',
    mode: 'test',
    storefront: 'shop',
    orderId: order,
    attempt: 1,
    amount: money(minor, currency),
    captureMode: 'automatic',
    account: ACCOUNT,
    gateway: 'stripe',
    ...(splits && { splits }),
  };
}

export function aliasOf(order: string, alias: string, target: string, at = AT): Fact {
  return {
    type: 'alias',
    id: factId(order, 'alias', alias, target),
    at,
    source: 'webhook',
    alias,
    target,
  };
}

export const factOf =
  (order: string, at = AT) =>
  (kind: Kind, operation: string, outcome: Outcome, amount: Money): Fact => ({
    type: 'operation',
    id: factId(order, kind, operation, outcome, String(amount.minor), amount.currency),
    at,
    source: outcome === 'requested' ? 'request' : 'webhook',
    operation,
    kind,
    outcome,
    ...(outcome === 'requested' ? { asked: amount, call: 1 } : { amount }),
  });

/** What payment-state makes of facts in this order: an event each. */
export function changesOf(order: string, facts: readonly Fact[]): Change[] {
  return changesOfPayment(idOf(order), facts);
}

export function changesOfPayment(paymentId: string, facts: readonly Fact[]): Change[] {
  return facts.map((fact, i) => {
    const before = paymentOf(addAll(empty(), facts.slice(0, i)));
    const state = paymentOf(addAll(empty(), facts.slice(0, i + 1)));
    return {
      paymentId,
      version: i + 1,
      fact,
      state,
      transitions: transitions(before, state),
    };
  });
}

/** Only the last of those events. */
export function lastChangeOf(order: string, facts: readonly Fact[]): Change {
  const [fact] = facts.slice(-1);
  if (fact === undefined) throw new Error('a payment without facts has no events');
  const state = paymentOf(addAll(empty(), facts));
  const paymentId = idOf(order);
  return { paymentId, version: facts.length, fact, state, transitions: [] };
}

/** Events of one partition as Kafka gives them. */
export function batchOf(changes: readonly Change[], from: bigint): Batch {
  const partition = partitionOf(changes[0]?.paymentId ?? '');
  const messages = changes.map((change, i) => messageOf(change, from + BigInt(i)));
  return {
    topic: PAYMENTS_EVENTS,
    partition,
    messages,
    from,
    to: from + BigInt(messages.length),
  };
}

export const GROUP = GROUPS.reconciliationPayments.group;

function messageOf(change: Change, offset: bigint): ConsumedMessage {
  const { paymentId: key, version, fact, state } = change;
  const type = eventName(fact) as 'CaptureSucceeded';
  return {
    topic: PAYMENTS_EVENTS,
    partition: partitionOf(key),
    offset,
    key,
    value: encode(PAYMENTS_EVENTS, type, {
      paymentId: key,
      version,
      fact: toWireFact(fact),
      state: toWirePayment(state),
      transitions: change.transitions.map(toWireTransition),
    }),
    headers: { ce_id: fact.id, ce_type: type, ce_schemaversion: '1' },
    timestamp: String(Date.parse(fact.at)),
  };
}
