import type Stripe from 'stripe';
import { missing, refusedByState } from './api-error.js';
import { behaviourOf, type DisputeStep } from './behaviour.js';
import { bookDispute, recordEffect, saveCharge } from './charges.js';
import { disputeObject, type EvidenceField } from './dispute-objects.js';
import {
  disputedCharge,
  disputeOf,
  disputesOf,
  recordOf,
  saveDispute,
  tellDispute,
  updateDispute,
} from './dispute-records.js';
import { newId } from './new-id.js';
import { idOf } from './reference.js';
import { closeReviews } from './risk.js';
import { nobody, seconds, type Caller, type World } from './world.js';

type Dispute = Stripe.Dispute;

/** What a chargeback costs: 15.00, in the `fee` of the withdrawal. Winning does not give it back by itself. */
export const DISPUTE_FEE = 1500;
/** After the capture, and between one step and the next where a token tells the whole story. */
const NEXT_STEP_AFTER_MS = 400;
const RESPOND_WITHIN_SECONDS = 9 * 24 * 60 * 60;

export const STAGES = ['inquiry', 'chargeback', 'prevented'] as const;
export type Stage = (typeof STAGES)[number];

export interface OpenDispute {
  readonly charge: string;
  readonly stage: Stage;
  /** What was captured and not refunded, if absent. */
  readonly amount?: number;
  readonly reason?: string;
}

/** A cardholder or their bank disputes a charge. Only an inquiry moves no money. */
export function openDispute(world: World, account: string, from: OpenDispute): Dispute {
  const charge = disputable(world, account, from.charge);
  const kept = charge.amount_captured - charge.amount_refunded;
  const amount = from.amount ?? (kept > 0 ? kept : charge.amount_captured);
  if (amount > charge.amount_captured) {
    throw refusedByState('amount_too_large', `Only ${charge.amount_captured} were captured.`);
  }
  const created = seconds(world);
  const dispute = disputeObject({
    id: newId('du'),
    amount,
    charge,
    created,
    dueBy: from.stage === 'prevented' ? null : created + RESPOND_WITHIN_SECONDS,
    reason: from.reason ?? 'fraudulent',
    status: STATUS_AT_FIRST[from.stage],
    caseType: from.stage === 'prevented' ? 'resolution' : from.stage,
  });
  saveDispute(world, { account, object: dispute, steps: 0 });
  saveCharge(world, account, { ...charge, disputed: true });
  closeReviews(world, charge, 'disputed');
  if (from.stage === 'inquiry') {
    tellDispute(world, account, dispute, 'charge.dispute.created');
    return dispute;
  }
  const withdrawn = withdraw(world, account, dispute, from.stage === 'chargeback');
  tellDispute(world, account, withdrawn, 'charge.dispute.created');
  tellDispute(world, account, withdrawn, 'charge.dispute.funds_withdrawn');
  if (from.stage === 'prevented') tellDispute(world, account, withdrawn, 'charge.dispute.closed');
  return withdrawn;
}

const STATUS_AT_FIRST: Readonly<Record<Stage, Dispute['status']>> = {
  inquiry: 'warning_needs_response',
  chargeback: 'needs_response',
  prevented: 'prevented',
};

export const OUTCOMES = ['won', 'lost', 'closed', 'escalated', 'appealed'] as const;
export type DisputeOutcome = (typeof OUTCOMES)[number];

/**
 * What the bank does next. `closed` and `escalated` end an inquiry, `won` and `lost` a chargeback; `appealed` takes up
 * again what was decided: what had been reinstated is withdrawn once more.
 */
export function decideDispute(
  world: World,
  account: string,
  id: string,
  outcome: DisputeOutcome,
  /** Of a won dispute: what comes back, if not everything, and whether the fee does. */
  back: { readonly amount?: number; readonly fee?: boolean } = {},
): Dispute {
  const before = disputeOf(world, account, id);
  requireDecidable(before, outcome);
  switch (outcome) {
    case 'escalated':
      return escalate(world, account, before);
    case 'appealed':
      return appeal(world, account, before);
    case 'won':
      return win(world, account, before, back.amount ?? before.amount, back.fee === true);
    case 'lost':
    case 'closed':
      return end(world, account, before, outcome === 'lost' ? 'lost' : 'warning_closed');
  }
}

function requireDecidable(dispute: Dispute, outcome: DisputeOutcome): void {
  if (decidable(dispute, outcome)) return;
  throw refusedByState(
    'dispute_unexpected_state',
    `Dispute ${dispute.id} with status ${dispute.status} cannot be ${outcome}.`,
  );
}

function decidable({ status }: Dispute, outcome: DisputeOutcome): boolean {
  if (outcome === 'appealed') return status === 'won' || status === 'lost';
  const inquiry = status.startsWith('warning_');
  return !CLOSED.includes(status) && inquiry === (outcome === 'closed' || outcome === 'escalated');
}

const CLOSED: readonly string[] = ['won', 'lost', 'prevented', 'warning_closed'];

function escalate(world: World, account: string, before: Dispute): Dispute {
  const card = before.payment_method_details?.card;
  const escalated: Dispute = {
    ...before,
    status: 'needs_response',
    is_charge_refundable: false,
    ...(card === undefined
      ? {}
      : { payment_method_details: { type: 'card', card: { ...card, case_type: 'chargeback' } } }),
  };
  const withdrawn = withdraw(world, account, escalated, true);
  tellDispute(world, account, withdrawn, 'charge.dispute.updated', { status: before.status });
  tellDispute(world, account, withdrawn, 'charge.dispute.funds_withdrawn');
  return withdrawn;
}

function appeal(world: World, account: string, before: Dispute): Dispute {
  const appealed: Dispute = {
    ...before,
    status: 'appeal_needs_response',
    is_charge_refundable: false,
    evidence: { ...before.evidence, appeal: { card: {} } },
    evidence_details: {
      ...before.evidence_details,
      due_by: seconds(world) + RESPOND_WITHIN_SECONDS,
    },
  };
  const previous = { status: before.status };
  if (before.status === 'lost') {
    updateDispute(world, appealed);
    tellDispute(world, account, appealed, 'charge.dispute.updated', previous);
    return appealed;
  }
  const withdrawn = withdraw(world, account, appealed, true);
  tellDispute(world, account, withdrawn, 'charge.dispute.updated', previous);
  tellDispute(world, account, withdrawn, 'charge.dispute.funds_withdrawn');
  return withdrawn;
}

function win(
  world: World,
  account: string,
  before: Dispute,
  amount: number,
  feeBack: boolean,
): Dispute {
  const charge = disputedCharge(world, before);
  const fee = feeBack ? -DISPUTE_FEE : 0;
  const transaction = bookDispute(world, account, charge, before.id, { amount, fee });
  const won: Dispute = {
    ...before,
    status: 'won',
    is_charge_refundable: true,
    balance_transactions: [...before.balance_transactions, transaction],
  };
  updateDispute(world, won);
  const bank = nobody(account);
  recordEffect(world, bank, 'dispute_reinstated', charge, before.id, amount);
  if (feeBack) recordEffect(world, bank, 'dispute_fee', charge, before.id, fee);
  tellDispute(world, account, won, 'charge.dispute.closed');
  tellDispute(world, account, won, 'charge.dispute.funds_reinstated');
  return won;
}

function end(
  world: World,
  account: string,
  before: Dispute,
  status: 'lost' | 'warning_closed',
  caller?: Caller,
): Dispute {
  const ended: Dispute = { ...before, status, is_charge_refundable: status === 'warning_closed' };
  updateDispute(world, ended);
  tellDispute(world, account, ended, 'charge.dispute.closed', undefined, caller);
  return ended;
}

/** The money goes, and with a chargeback the fee. */
function withdraw(world: World, account: string, before: Dispute, charged: boolean): Dispute {
  const charge = disputedCharge(world, before);
  const fee = charged ? DISPUTE_FEE : 0;
  const transaction = bookDispute(world, account, charge, before.id, {
    amount: -before.amount,
    fee,
  });
  const object: Dispute = {
    ...before,
    balance_transactions: [...before.balance_transactions, transaction],
  };
  updateDispute(world, object);
  const bank = nobody(account);
  recordEffect(world, bank, 'dispute_withdrawn', charge, before.id, before.amount);
  if (fee > 0) recordEffect(world, bank, 'dispute_fee', charge, before.id, fee);
  return object;
}

export interface Response {
  readonly evidence: Partial<Record<EvidenceField, string>> &
    Pick<Stripe.Dispute.Evidence, 'appeal'>;
  readonly submit: boolean;
  readonly metadata: Record<string, string>;
}

/** Evidence, staged or submitted. Submitted text that says so decides what the bank does. */
export function respond(world: World, caller: Caller, id: string, response: Response): Dispute {
  const before = disputeOf(world, caller.account, id);
  const given = Object.keys(response.evidence).length > 0;
  const open = before.status.endsWith('needs_response');
  if (given && !open) {
    throw refusedByState(
      'dispute_unexpected_state',
      `Evidence can no longer be submitted: the dispute is ${before.status}.`,
    );
  }
  const submitted = open && response.submit && (given || before.evidence_details.has_evidence);
  const details = before.evidence_details;
  const object: Dispute = {
    ...before,
    evidence: { ...before.evidence, ...response.evidence },
    evidence_details: {
      ...details,
      has_evidence: details.has_evidence || given,
      ...(submitted
        ? { submission_count: details.submission_count + 1, submission_method: 'manual' }
        : {}),
    },
    metadata: { ...before.metadata, ...response.metadata },
    ...(submitted ? { status: before.status.replace('needs_response', 'under_review') } : {}),
  };
  updateDispute(world, object);
  tellDispute(world, caller.account, object, 'charge.dispute.updated', undefined, caller);
  if (submitted) decideLater(world, caller.account, object);
  return object;
}

/** The merchant accepts it: lost, without evidence. */
export function acceptDispute(world: World, caller: Caller, id: string): Dispute {
  const before = disputeOf(world, caller.account, id);
  if (!acceptable(before)) {
    throw refusedByState(
      'dispute_unexpected_state',
      `Dispute ${id} cannot be closed with status ${before.status}.`,
    );
  }
  return end(world, caller.account, before, 'lost', caller);
}

function acceptable({ status }: Dispute): boolean {
  return status === 'needs_response' || status === 'appeal_needs_response';
}

const BY_EVIDENCE: Readonly<Record<string, DisputeOutcome>> = {
  winning_evidence: 'won',
  losing_evidence: 'lost',
  escalate_inquiry_evidence: 'escalated',
};

function decideLater(world: World, account: string, { id, status, evidence }: Dispute): void {
  if (!status.endsWith('under_review')) return;
  const decided = BY_EVIDENCE[evidence.uncategorized_text ?? ''];
  if (decided === undefined) return;
  const inquiry = status.startsWith('warning_');
  const outcome = inquiry && decided !== 'escalated' ? 'closed' : decided;
  if (!inquiry && outcome === 'escalated') return;
  world.later(NEXT_STEP_AFTER_MS, () => {
    // Somebody may have decided it meanwhile.
    if (disputeOf(world, account, id).status === status) decideDispute(world, account, id, outcome);
  });
}

/** Money was taken by a method whose token says that it will be disputed. */
export function disputeLater(world: World, account: string, charge: Stripe.Charge): void {
  const plan = behaviourOf(charge.payment_method ?? '')?.dispute;
  if (plan === undefined) return;
  world.later(NEXT_STEP_AFTER_MS, () => {
    const { id, amount_captured: captured } = charge;
    // It may have failed meanwhile.
    if (world.store.get('charges', id)?.object.status !== 'succeeded') return;
    const { reason, stage, half } = plan;
    const amount = half === true ? Math.ceil(captured / 2) : captured;
    stepLater(world, account, openDispute(world, account, { charge: id, reason, stage, amount }));
  });
}

function stepLater(world: World, account: string, { id, charge: of }: Dispute): void {
  const charge = world.store.get('charges', idOf(of))?.object;
  const steps = behaviourOf(charge?.payment_method ?? '')?.dispute?.steps ?? [];
  const step = steps[world.store.get('disputes', id)?.steps ?? 0];
  if (step === undefined) return;
  world.later(NEXT_STEP_AFTER_MS, () => {
    const { object, ...known } = recordOf(world, account, id);
    saveDispute(world, { ...known, object, steps: known.steps + 1 });
    doStep(world, account, object, step);
    stepLater(world, account, object);
  });
}

function doStep(world: World, account: string, dispute: Dispute, step: DisputeStep): void {
  // Nothing, if an answer or somebody's decision came first.
  if (step === 'accepted') {
    if (acceptable(dispute)) acceptDispute(world, nobody(account), dispute.id);
  } else if (decidable(dispute, step)) {
    decideDispute(world, account, dispute.id, step);
  }
}

/** After a restart: disputes that were still to be opened or decided. */
export function resumeDisputes(world: World): void {
  const disputed = new Set(world.store.all('disputes').map(({ object }) => idOf(object.charge)));
  for (const { account, object } of world.store.all('charges')) {
    if (object.captured && !disputed.has(object.id)) disputeLater(world, account, object);
  }
  for (const { account, object } of world.store.all('disputes')) {
    decideLater(world, account, object);
    stepLater(world, account, object);
  }
}

/** No refund while the money may be, or was, taken by the bank. */
export function requireNoDispute(world: World, charge: Stripe.Charge): void {
  const disputes = disputesOf(world, charge.id);
  if (disputes.every((dispute) => dispute.is_charge_refundable)) return;
  throw refusedByState(
    'charge_disputed',
    `Charge ${charge.id} has been charged back; cannot issue a refund.`,
  );
}

/** An inquiry about money that was given back has come to its end. */
export function closeInquiries(world: World, charge: Stripe.Charge): void {
  if (!charge.refunded) return;
  for (const dispute of disputesOf(world, charge.id)) {
    const { account } = world.store.get('disputes', dispute.id) ?? { account: '' };
    if (dispute.status.startsWith('warning_') && dispute.status !== 'warning_closed') {
      end(world, account, dispute, 'warning_closed');
    }
  }
}

function disputable(world: World, account: string, id: string): Stripe.Charge {
  const record = world.store.get('charges', id);
  if (record === undefined || record.account !== account) throw missing('charge', id);
  if (record.object.amount_captured === 0 || record.object.status !== 'succeeded') {
    throw refusedByState('charge_not_captured', `Charge ${id} has nothing to dispute.`);
  }
  return record.object;
}
