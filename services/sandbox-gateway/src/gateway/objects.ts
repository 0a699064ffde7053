import type Stripe from 'stripe';

/**
 * Whole objects, as the provider sends them: every field its types demand, so that nothing downstream comes to depend on
 * a shape only the sandbox has. `satisfies` breaks the build when the SDK's types move.
 */

export interface NewPaymentIntent {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
  readonly captureMethod: 'automatic' | 'automatic_async' | 'manual';
  readonly clientSecret: string;
  readonly created: number;
  readonly customer: string | null;
  readonly description: string | null;
  readonly metadata: Record<string, string>;
  readonly paymentMethod: string | null;
  readonly cardOptions: CardRequests;
  readonly setupFutureUsage: 'on_session' | 'off_session' | null;
  readonly transferData: { readonly destination: string; readonly amount?: number } | null;
  readonly transferGroup: string | null;
}

/** What an account may ask for a card; whether the card can, only the charge says. */
export type CardRequests = Pick<
  Stripe.PaymentIntent.PaymentMethodOptions.Card,
  'request_multicapture' | 'request_incremental_authorization'
>;

export function paymentIntentObject(from: NewPaymentIntent): Stripe.PaymentIntent {
  return {
    id: from.id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: from.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: { allow_redirects: 'always', enabled: true },
    canceled_at: null,
    cancellation_reason: null,
    capture_method: from.captureMethod,
    client_secret: from.clientSecret,
    confirmation_method: 'automatic',
    created: from.created,
    currency: from.currency,
    customer: from.customer,
    customer_account: null,
    description: from.description,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: from.metadata,
    next_action: null,
    on_behalf_of: null,
    payment_method: from.paymentMethod,
    payment_method_configuration_details: null,
    payment_method_options: { card: { ...cardOptions, ...from.cardOptions } },
    payment_method_types: ['card', 'us_bank_account'],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: from.setupFutureUsage,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: from.paymentMethod === null ? 'requires_payment_method' : 'requires_confirmation',
    transfer_data: from.transferData,
    transfer_group: from.transferGroup,
  } satisfies Stripe.PaymentIntent;
}

const cardOptions = {
  installments: null,
  mandate_options: null,
  network: null,
  request_three_d_secure: 'automatic',
} satisfies Stripe.PaymentIntent.PaymentMethodOptions.Card;

export interface NewCharge {
  readonly id: string;
  readonly created: number;
  readonly intent: Stripe.PaymentIntent;
  /** Whether the card can be captured several times, and incremented, if the account asked for it. */
  readonly flexible: boolean;
  /** By a bank's debit, not by card. */
  readonly bank: boolean;
  readonly failure?: {
    readonly code: string;
    readonly declineCode: string;
    readonly adviceCode: string | null;
    readonly message: string;
    readonly blocked: boolean;
  };
}

/** The metadata is copied when the charge is made; later changes of the PaymentIntent don't reach it. */
export function chargeObject(from: NewCharge): Stripe.Charge {
  const { id, created, intent, failure } = from;
  return {
    id,
    object: 'charge',
    amount: intent.amount,
    amount_captured: 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    calculated_statement_descriptor: 'SANDBOX',
    captured: false,
    created,
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: failure?.code ?? null,
    failure_message: failure?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: { ...intent.metadata },
    on_behalf_of: null,
    outcome: outcomeOf(failure),
    paid: failure === undefined,
    payment_intent: intent.id,
    payment_method: typeof intent.payment_method === 'string' ? intent.payment_method : null,
    payment_method_details: from.bank
      ? { type: 'us_bank_account', us_bank_account: bankDetails }
      : { type: 'card', card: cardDetails(from) },
    radar_options: {},
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: failure === undefined ? 'succeeded' : 'failed',
    transfer_data: transferDataOf(intent),
    transfer_group: intent.transfer_group,
  } satisfies Stripe.Charge;
}

function transferDataOf({
  transfer_data: wanted,
}: Stripe.PaymentIntent): Stripe.Charge.TransferData | null {
  return wanted === null || wanted === undefined
    ? null
    : { amount: wanted.amount ?? null, destination: wanted.destination };
}

function outcomeOf(failure: NewCharge['failure']): Stripe.Charge.Outcome {
  const blocked = failure?.blocked === true;
  return {
    advice_code: failure?.adviceCode ?? null,
    network_advice_code: null,
    network_decline_code: failure === undefined || blocked ? null : '01',
    network_status: blocked
      ? 'not_sent_to_network'
      : failure === undefined
        ? 'approved_by_network'
        : 'declined_by_network',
    reason: blocked ? 'highest_risk_level' : (failure?.declineCode ?? null),
    risk_level: blocked ? 'highest' : 'normal',
    risk_score: blocked ? 92 : 12,
    seller_message: failure === undefined ? 'Payment complete.' : failure.message,
    type: blocked ? 'blocked' : failure === undefined ? 'authorized' : 'issuer_declined',
  } satisfies Stripe.Charge.Outcome;
}

const bankDetails = {
  account_holder_type: 'individual',
  account_type: 'checking',
  bank_name: 'SANDBOX BANK',
  fingerprint: null,
  last4: null,
  payment_reference: null,
  routing_number: null,
} satisfies Stripe.Charge.PaymentMethodDetails.UsBankAccount;

/** Seven days, as for most cards. */
const CAPTURE_WITHIN_SECONDS = 7 * 24 * 60 * 60;

function cardDetails({ created, intent, flexible, failure }: NewCharge) {
  const held = failure === undefined && intent.capture_method === 'manual';
  const requests = intent.payment_method_options?.card;
  const status = (requested: string | undefined) =>
    flexible && requested === 'if_available' ? 'available' : 'unavailable';
  return {
    amount_authorized: failure === undefined ? intent.amount : null,
    authorization_code: null,
    brand: 'visa',
    ...(held ? { capture_before: created + CAPTURE_WITHIN_SECONDS } : {}),
    checks: {
      address_line1_check: null,
      address_postal_code_check: null,
      cvc_check: 'pass',
    },
    country: 'IE',
    electronic_commerce_indicator: null,
    exp_month: 12,
    exp_year: 2034,
    funding: 'credit',
    incremental_authorization: { status: status(requests?.request_incremental_authorization) },
    installments: null,
    last4: null,
    mandate: null,
    multicapture: { status: status(requests?.request_multicapture) },
    network: 'visa',
    network_transaction_id: null,
    overcapture: { maximum_amount_capturable: intent.amount, status: 'unavailable' },
    regulated_status: 'unregulated',
    three_d_secure: null,
    transaction_link_id: null,
    wallet: null,
  } satisfies Stripe.Charge.PaymentMethodDetails.Card;
}

export interface NewRefund {
  readonly id: string;
  readonly amount: number;
  readonly created: number;
  readonly charge: Stripe.Charge;
  readonly metadata: Record<string, string>;
  readonly reason: string | null;
  readonly status: 'pending' | 'succeeded';
}

export function refundObject(from: NewRefund): Stripe.Refund {
  return {
    id: from.id,
    object: 'refund',
    amount: from.amount,
    balance_transaction: null,
    charge: from.charge.id,
    created: from.created,
    currency: from.charge.currency,
    customer: null,
    customer_account: null,
    destination_details: {
      card: {
        reference_status: 'pending',
        reference_type: 'acquirer_reference_number',
        type: 'refund',
      },
      type: 'card',
    },
    metadata: from.metadata,
    payment_intent: from.charge.payment_intent,
    payment_method: from.charge.payment_method,
    reason: from.reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: from.status,
    transfer_reversal: null,
    ...(from.status === 'pending' ? { pending_reason: 'processing' } : {}),
  } satisfies Stripe.Refund;
}

/** Why the balance moved: the provider's type, and the category its reports sum up by. */
const REASONS = {
  charge: { type: 'charge', fee: 'Sandbox processing fees' },
  refund: { type: 'refund', fee: '' },
  charge_failure: { type: 'payment_failure_refund', fee: '' },
  refund_failure: { type: 'refund_failure', fee: '' },
  dispute: { type: 'adjustment', fee: 'Dispute fee' },
  dispute_reversal: { type: 'adjustment', fee: '' },
  transfer: { type: 'transfer', fee: '' },
  transfer_reversal: { type: 'transfer_refund', fee: '' },
  adjustment: { type: 'adjustment', fee: '' },
  payout: { type: 'payout', fee: '' },
} as const;
export type ReportingCategory = keyof typeof REASONS;

export interface NewBalanceTransaction {
  readonly id: string;
  readonly amount: number;
  readonly fee: number;
  readonly currency: string;
  readonly created: number;
  readonly source: string;
  readonly category: ReportingCategory;
  readonly description?: string;
}

export function balanceTransactionObject(from: NewBalanceTransaction): Stripe.BalanceTransaction {
  const reason = REASONS[from.category];
  return {
    id: from.id,
    object: 'balance_transaction',
    amount: from.amount,
    available_on: from.created,
    balance_type: 'payments',
    created: from.created,
    currency: from.currency,
    description: from.description ?? null,
    exchange_rate: null,
    fee: from.fee,
    fee_details:
      from.fee === 0
        ? []
        : [
            {
              amount: from.fee,
              application: null,
              currency: from.currency,
              description: reason.fee,
              type: 'stripe_fee',
            },
          ],
    net: from.amount - from.fee,
    reporting_category: from.category,
    source: from.source,
    status: 'available',
    type: reason.type,
  } satisfies Stripe.BalanceTransaction;
}

export interface NewPayout {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
  readonly created: number;
  readonly balanceTransaction: string;
  readonly traceId: string;
}

/** Settled at T+0: paid and reconciled the moment it is made. */
export function payoutObject(from: NewPayout): Stripe.Payout {
  return {
    id: from.id,
    object: 'payout',
    amount: from.amount,
    application_fee: null,
    application_fee_amount: null,
    arrival_date: from.created,
    automatic: true,
    balance_transaction: from.balanceTransaction,
    created: from.created,
    currency: from.currency,
    description: 'STRIPE PAYOUT',
    destination: null,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    livemode: false,
    metadata: {},
    method: 'standard',
    original_payout: null,
    payout_method: null,
    reconciliation_status: 'completed',
    reversed_by: null,
    source_type: 'card',
    statement_descriptor: null,
    status: 'paid',
    trace_id: { status: 'supported', value: from.traceId },
    type: 'bank_account',
  } satisfies Stripe.Payout;
}
