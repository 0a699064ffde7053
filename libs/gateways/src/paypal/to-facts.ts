import type { DisputeOutcome, DisputeStage, Money } from '@paylog/payment-domain';
import { fromDecimal } from '../currency.js';
import { GatewayFault } from '../fault.js';
import type { Parsed } from '../json.js';
import type { Told } from '../observed-to-facts.js';
import { paymentIdIn } from '../our-ids.js';
import type { Unsigned } from '../signed.js';
import { exactly, instantOf, type Tale } from '../told.js';
import { paypalDecimals } from './currency.js';
import {
  parseDispute,
  parseMovement,
  type Dispute,
  type Movement,
  type PayPalEvent,
} from './shapes.js';

/**
 * What an event claims. Nothing of it is signed, its payment no more than its money: whatever comes of it is published as
 * unconfirmed, and counts once the gateway says so when asked.
 */
export interface Claim {
  readonly paymentId: string | undefined;
  readonly references: readonly (string | undefined)[];
  readonly tale: Tale;
}

export type Claimed = Claim | { readonly ignored: string };

type Meaning =
  | { readonly movement: (movement: Movement) => Told }
  | { readonly dispute: (dispute: Dispute) => DisputeOutcome }
  | { readonly ignored: string };

/** Every event type we know. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  'PAYMENT.AUTHORIZATION.CREATED': { movement: authorized },
  'PAYMENT.AUTHORIZATION.VOIDED': {
    movement: ({ id }) => ({
      operation: `${id}/void`,
      kind: 'void',
      outcome: 'succeeded',
      parent: id,
    }),
  },
  'PAYMENT.CAPTURE.COMPLETED': { movement: (one) => captured(one, 'succeeded') },
  'PAYMENT.CAPTURE.PENDING': { movement: (one) => captured(one, 'pending') },
  'PAYMENT.CAPTURE.DECLINED': { movement: (one) => captured(one, 'refused') },
  'PAYMENT.CAPTURE.DENIED': { movement: (one) => captured(one, 'refused') },
  'PAYMENT.CAPTURE.REFUNDED': { movement: refunded },
  'PAYMENT.CAPTURE.REVERSED': { movement: reversed },
  'CUSTOMER.DISPUTE.CREATED': { dispute: () => 'opened' },
  'CUSTOMER.DISPUTE.UPDATED': { dispute: () => 'opened' },
  'CUSTOMER.DISPUTE.RESOLVED': { dispute: resolvedTo },
  'RISK.DISPUTE.CREATED': { dispute: () => 'opened' },
  'CHECKOUT.ORDER.APPROVED': { ignored: 'order' },
  'CHECKOUT.ORDER.COMPLETED': { ignored: 'order' },
  'CHECKOUT.ORDER.PROCESSED': { ignored: 'order' },
};

/** Families whose exact names are not established. */
const IGNORED_FAMILIES: readonly (readonly [string, string])[] = [
  ['PAYMENT.SALE.', 'billing'],
  ['BILLING.', 'billing'],
  ['PAYMENT.REFERENCED-PAYOUT-ITEM.', 'payout'],
];

/** Event types in the order of the documents. */
export const EVENT_TYPES: readonly string[] = Object.keys(MEANINGS);

/** Throws a `GatewayFault` for what can't be read. */
export function toFacts({ unsigned: event }: Unsigned<PayPalEvent>): Claimed {
  const { event_type: type, resource } = event;
  const meaning = Object.hasOwn(MEANINGS, type) ? MEANINGS[type] : undefined;
  if (meaning === undefined) {
    const family = IGNORED_FAMILIES.find(([prefix]) => type.startsWith(prefix));
    return { ignored: family?.[1] ?? 'event_type_not_mapped' };
  }
  if ('ignored' in meaning) return meaning;
  if ('movement' in meaning) {
    const movement = read(parseMovement({ unsigned: resource }));
    const { order_id, authorization_id, capture_id } = relatedIn(movement);
    return {
      paymentId: paymentIdIn(movement.custom_id),
      references: [order_id, authorization_id, capture_id, upOf(movement), movement.id],
      tale: [meaning.movement(movement)],
    };
  }
  return claimOf(read(parseDispute({ unsigned: resource })), meaning.dispute);
}

function read<T>(parsed: Parsed<Unsigned<T>>): T {
  if (parsed.ok) return parsed.value.unsigned;
  throw new GatewayFault('resource_unreadable', `/resource${parsed.path} ${parsed.error}`, false);
}

function authorized(movement: Movement): Told {
  const operation = { operation: movement.id, kind: 'authorization' } as const;
  switch (movement.status) {
    case 'PENDING':
      return { ...operation, outcome: 'pending' };
    case 'DENIED':
      return { ...operation, outcome: 'refused', reason: 'denied' };
    default:
      return { ...operation, outcome: 'succeeded', amount: moneyOf(movement) };
  }
}

function captured(movement: Movement, outcome: 'succeeded' | 'pending' | 'refused'): Told {
  const parent = relatedIn(movement).authorization_id ?? linkedIn(movement, 'authorizations');
  return {
    operation: movement.id,
    kind: 'capture',
    outcome,
    ...(outcome === 'refused' ? { reason: 'declined' } : { amount: moneyOf(movement) }),
    ...(parent === undefined ? {} : { parent }),
  };
}

/** The resource is the refund; its capture is the link up. */
function refunded(movement: Movement): Told {
  const parent = relatedIn(movement).capture_id ?? linkedIn(movement, 'captures');
  return {
    operation: movement.id,
    kind: 'refund',
    outcome: movement.status === 'PENDING' ? 'pending' : 'succeeded',
    amount: moneyOf(movement),
    ...(parent === undefined ? {} : { parent }),
  };
}

/** The resource may be the reversal, with its capture as the link up, or the capture itself. */
function reversed(movement: Movement): Told {
  const operation = linkedIn(movement, 'captures') ?? movement.id;
  const reason = 'capture_reversed';
  return { operation, kind: 'capture', outcome: 'reversed', amount: moneyOf(movement), reason };
}

function claimOf(dispute: Dispute, outcomeOf: (dispute: Dispute) => DisputeOutcome): Claim {
  const { dispute_amount: amount, reason, seller_response_due_date: due } = dispute;
  const [transaction] = dispute.disputed_transactions;
  const parent = transaction?.seller_transaction_id;
  return {
    paymentId: paymentIdIn(transaction?.custom),
    references: [
      ...dispute.disputed_transactions.map((one) => one.seller_transaction_id),
      dispute.dispute_id,
    ],
    tale: [
      {
        dispute: dispute.dispute_id,
        stage: stageOf(dispute),
        outcome: outcomeOf(dispute),
        ...(amount && { amount: moneyIn(amount) }),
        ...(reason && { reason }),
        ...(due && { respondBy: instantOf(due, 'seller_response_due_date') }),
        ...(parent && { parent }),
      },
    ],
  };
}

function stageOf({ dispute_life_cycle_stage: stage = 'INQUIRY' }: Dispute): DisputeStage {
  switch (stage) {
    case 'INQUIRY':
      return 'inquiry';
    case 'CHARGEBACK':
      return 'chargeback';
    case 'PRE_ARBITRATION':
      return 'pre_arbitration';
    case 'ARBITRATION':
      return 'arbitration';
    default:
      throw new GatewayFault('stage_unknown', `${stage} is no stage of a dispute we know`, false);
  }
}

function resolvedTo(dispute: Dispute): DisputeOutcome {
  const code = dispute.dispute_outcome?.outcome_code;
  switch (code) {
    case 'RESOLVED_BUYER_FAVOUR':
      return 'lost';
    // With a payout it is PayPal that pays the buyer.
    case 'RESOLVED_SELLER_FAVOUR':
    case 'RESOLVED_WITH_PAYOUT':
      return 'won';
    case 'CANCELED_BY_BUYER':
      return stageOf(dispute) === 'inquiry' ? 'closed' : 'won';
    case 'ACCEPTED':
      return 'accepted';
    default:
      throw new GatewayFault('outcome_unknown', `${code} is no outcome we can read`, false);
  }
}

const relatedIn = ({ supplementary_data: data }: Movement) => data?.related_ids ?? {};

const upOf = (movement: Movement): string | undefined =>
  linkedIn(movement, 'captures') ?? linkedIn(movement, 'authorizations');

/** The id at the end of the link up, where that leads to one of these. */
function linkedIn(
  { links = [] }: Movement,
  what: 'captures' | 'authorizations',
): string | undefined {
  const up = links.find(({ rel }) => rel === 'up')?.href ?? '';
  return new RegExp(`/v2/payments/${what}/([A-Za-z0-9-]{1,255})$`).exec(up)?.[1];
}

function moneyOf({ amount }: Movement): Money {
  if (amount !== undefined) return moneyIn(amount);
  throw new GatewayFault('amount_missing', '/resource/amount is missing', false);
}

function moneyIn({ value, currency_code: code }: { value: string; currency_code: string }): Money {
  return exactly(fromDecimal(value, code, paypalDecimals), value, code);
}
