import type Stripe from 'stripe';

export interface NewTransfer {
  readonly id: string;
  readonly amount: number;
  readonly balanceTransaction: string;
  readonly created: number;
  readonly currency: string;
  readonly description: string | null;
  readonly destination: string;
  readonly destinationPayment: string;
  readonly metadata: Record<string, string>;
  readonly sourceTransaction: string | null;
  readonly transferGroup: string | null;
}

export function transferObject(from: NewTransfer): Stripe.Transfer {
  return {
    id: from.id,
    object: 'transfer',
    amount: from.amount,
    amount_reversed: 0,
    balance_transaction: from.balanceTransaction,
    created: from.created,
    currency: from.currency,
    description: from.description,
    destination: from.destination,
    destination_payment: from.destinationPayment,
    livemode: false,
    metadata: from.metadata,
    reversals: {
      object: 'list',
      data: [],
      has_more: false,
      url: `/v1/transfers/${from.id}/reversals`,
    },
    reversed: false,
    source_transaction: from.sourceTransaction,
    source_type: 'card',
    transfer_group: from.transferGroup,
  } satisfies Stripe.Transfer;
}

export interface NewReversal {
  readonly id: string;
  readonly amount: number;
  readonly balanceTransaction: string;
  readonly created: number;
  readonly metadata: Record<string, string>;
  readonly sourceRefund: string | null;
  readonly transfer: Stripe.Transfer;
}

export function reversalObject(from: NewReversal): Stripe.TransferReversal {
  return {
    id: from.id,
    object: 'transfer_reversal',
    amount: from.amount,
    balance_transaction: from.balanceTransaction,
    created: from.created,
    currency: from.transfer.currency,
    destination_payment_refund: null,
    metadata: from.metadata,
    source_refund: from.sourceRefund,
    transfer: from.transfer.id,
  } satisfies Stripe.TransferReversal;
}
