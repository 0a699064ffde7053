import type Stripe from 'stripe';
import { idOf } from './reference.js';

export interface NewDispute {
  readonly id: string;
  readonly amount: number;
  readonly charge: Stripe.Charge;
  readonly created: number;
  readonly dueBy: number | null;
  readonly reason: string;
  readonly status: Stripe.Dispute.Status;
  readonly caseType: 'chargeback' | 'inquiry' | 'resolution';
}

export function disputeObject(from: NewDispute): Stripe.Dispute {
  return {
    id: from.id,
    object: 'dispute',
    amount: from.amount,
    balance_transactions: [],
    charge: from.charge.id,
    created: from.created,
    currency: from.charge.currency,
    enhanced_eligibility_types: [],
    evidence: NO_EVIDENCE,
    evidence_details: {
      due_by: from.dueBy,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: 'manual',
    is_charge_refundable: from.caseType === 'inquiry',
    livemode: false,
    metadata: {},
    payment_intent: idOf(from.charge.payment_intent),
    payment_method_details: {
      card: {
        brand: 'visa',
        case_type: from.caseType,
        network: 'visa',
        network_reason_code: NETWORK_CODES[from.reason] ?? null,
      },
      type: 'card',
    },
    reason: from.reason,
    status: from.status,
  } satisfies Stripe.Dispute;
}

/** The network's own codes of the commoner reasons. */
const NETWORK_CODES: Readonly<Record<string, string>> = {
  fraudulent: '10.4',
  product_not_received: '13.1',
  product_unacceptable: '13.3',
  credit_not_processed: '13.6',
  duplicate: '12.6.1',
};

/** What evidence is made of; texts and ids of files. */
export const EVIDENCE = [
  'access_activity_log',
  'billing_address',
  'cancellation_policy',
  'cancellation_policy_disclosure',
  'cancellation_rebuttal',
  'customer_communication',
  'customer_email_address',
  'customer_name',
  'customer_purchase_ip',
  'customer_signature',
  'duplicate_charge_documentation',
  'duplicate_charge_explanation',
  'duplicate_charge_id',
  'product_description',
  'receipt',
  'refund_policy',
  'refund_policy_disclosure',
  'refund_refusal_explanation',
  'service_date',
  'service_documentation',
  'shipping_address',
  'shipping_carrier',
  'shipping_date',
  'shipping_documentation',
  'shipping_tracking_number',
  'uncategorized_file',
  'uncategorized_text',
] as const;
export type EvidenceField = (typeof EVIDENCE)[number];

const NO_EVIDENCE: Stripe.Dispute.Evidence = {
  ...(Object.fromEntries(EVIDENCE.map((field) => [field, null])) as Record<EvidenceField, null>),
  enhanced_evidence: {},
};
