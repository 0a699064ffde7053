import { factId } from '@paylog/contracts';
import type { DisputeFact, Fact, Money } from '@paylog/payment-domain';
import { GatewayFault } from '../fault.js';
import { MAPPING_VERSION, operation, type FactOrigin } from '../observed-to-facts.js';
import { moneyOf, timeOf } from './observe.js';
import { idOf, type DisputeShape, type ReviewShape } from './shapes.js';

/** What a Dispute of Stripe says: how its case stands, and every movement of money it has had so far. */
export function disputeFacts(origin: FactOrigin, dispute: DisputeShape): Fact[] {
  return [caseFact(origin, dispute), ...moneyFacts(origin, dispute)];
}

function caseFact(origin: FactOrigin, dispute: DisputeShape): DisputeFact {
  const { stage, outcome } = statusOf(dispute);
  const dueBy = dispute.evidence_details.due_by;
  const parent = idOf(dispute.charge);
  return {
    id: factId(...origin.scope, MAPPING_VERSION, 'dispute', dispute.id, stage, outcome),
    type: 'dispute',
    at: origin.at,
    source: origin.source,
    dispute: dispute.id,
    stage,
    outcome,
    amount: amountOf(dispute),
    reason: dispute.reason,
    ...(dueBy !== null && { respondBy: timeOf(dueBy) }),
    ...(parent !== undefined && { parent }),
  };
}

const amountOf = ({ amount, currency }: DisputeShape): Money => moneyOf(amount, currency);

/**
 * Stripe names no stage once a dispute is decided. That an appeal was made shows in its evidence, so that what was decided
 * below it does not contradict what was decided by it.
 */
function statusOf(dispute: DisputeShape): Pick<DisputeFact, 'stage' | 'outcome'> {
  const appealed = dispute.evidence.appeal !== null && dispute.evidence.appeal !== undefined;
  const stage = appealed ? 'appeal' : 'chargeback';
  switch (dispute.status) {
    case 'warning_needs_response':
      return { stage: 'inquiry', outcome: 'opened' };
    case 'warning_under_review':
      return { stage: 'inquiry', outcome: 'evidence_submitted' };
    case 'warning_closed':
      return { stage: 'inquiry', outcome: 'closed' };
    case 'needs_response':
      return { stage: 'chargeback', outcome: 'opened' };
    case 'under_review':
      return { stage: 'chargeback', outcome: 'evidence_submitted' };
    case 'appeal_needs_response':
      return { stage: 'appeal', outcome: 'opened' };
    case 'appeal_under_review':
      return { stage: 'appeal', outcome: 'evidence_submitted' };
    case 'won':
      return { stage, outcome: 'won' };
    case 'lost':
      return { stage, outcome: 'lost' };
    case 'prevented':
      return { stage: 'chargeback', outcome: 'prevented' };
    default:
      throw new GatewayFault(
        'status_unknown',
        `"${dispute.status}" is not a status of a Dispute we know: map it before its money is counted`,
        false,
      );
  }
}

/** Each balance transaction is one movement, named by its own id, which report lines carry too. */
function moneyFacts(origin: FactOrigin, dispute: DisputeShape): Fact[] {
  const parent = dispute.id;
  const movements = dispute.balance_transactions;
  const feeBack = movements.some(({ fee }) => fee < 0);
  return movements.flatMap(({ id, amount, fee, currency }) => {
    const kind = amount < 0 ? 'dispute_withdrawal' : 'dispute_reinstatement';
    const moved = movedIn(dispute, Math.abs(amount), currency);
    const facts: Fact[] =
      amount === 0
        ? []
        : [operation(origin, { operation: id, kind, outcome: 'succeeded', amount: moved, parent })];
    if (fee <= 0) return facts;
    const told = { operation: `${id}/fee`, kind: 'dispute_fee', parent } as const;
    const charged = { ...told, amount: moneyOf(fee, currency) };
    facts.push(operation(origin, { ...charged, outcome: 'succeeded' }));
    if (feeBack) facts.push(operation(origin, { ...charged, outcome: 'reversed' }));
    return facts;
  });
}

/**
 * Balance transactions are in the currency the account settles in. Where that is another one, the movement is of what is
 * in dispute, in the currency the shopper paid in: the difference is the exchange, and the report's business.
 */
function movedIn(dispute: DisputeShape, amount: number, currency: string): Money {
  return currency.toLowerCase() === dispute.currency.toLowerCase()
    ? moneyOf(amount, currency)
    : amountOf(dispute);
}

/** A review holds back what can't be undone, until it is closed, for whatever reason. */
export function reviewFacts(origin: FactOrigin, review: ReviewShape): Fact[] {
  const hold = { operation: review.id, kind: 'hold' } as const;
  const facts: Fact[] = [operation(origin, { ...hold, outcome: 'requested', reason: 'review' })];
  if (!review.open) {
    const reason = review.closed_reason ?? 'closed';
    facts.push(operation(origin, { ...hold, outcome: 'canceled', reason }));
  }
  return facts;
}
