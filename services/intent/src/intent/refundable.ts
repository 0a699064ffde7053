import type { Dispute } from '@paylog/payment-domain';
import { movedMinor, type Known } from './state.js';

/** What can be given back of a payment, in minor units, and what keeps the rest from it. */
export interface Refundable {
  /** Captured, not refunded, and not asked to be; not above what was captured. */
  readonly rest: bigint;
  /** What disputes have taken for good: the customer has it. */
  readonly chargedBack: bigint;
  /** What disputes have taken, or may still take, and may come back. */
  readonly disputed: bigint;
  /** May be asked for now: zero or less is nothing. */
  readonly free: bigint;
}

/**
 * What a dispute took the customer has already, and what it may take is kept for it: given back beside it, the customer
 * would have it twice. An inquiry takes nothing, and a refund may end it.
 */
export function refundableOf(known: Known): Refundable {
  const captured = movedMinor(known, 'capture').done;
  const refunded = movedMinor(known, 'refund');
  const rest = captured - refunded.done - refunded.open;
  const { chargedBack, disputed } = heldByDisputes(known);
  return { rest, chargedBack, disputed, free: rest - chargedBack - disputed };
}

export function heldByDisputes({ projected }: Known): Pick<Refundable, 'chargedBack' | 'disputed'> {
  if (!projected) return { chargedBack: 0n, disputed: 0n };
  const { amounts, disputes, currency } = projected;
  const reserved = disputes.reduce((sum, dispute) => sum + reservedFor(dispute, currency), 0n);
  return { chargedBack: amounts.chargedBack, disputed: amounts.disputed + reserved };
}

/** Of a chargeback that is open, what it has not taken yet. */
function reservedFor(dispute: Dispute, currency: string | undefined): bigint {
  const { stage, outcome, amount, withdrawn, reinstated } = dispute;
  const open =
    outcome === 'opened' || outcome === 'evidence_submitted' || outcome === 'contradicted';
  if (!open || stage === 'inquiry' || amount?.currency !== currency) return 0n;
  const missing = (amount?.minor ?? 0n) - (withdrawn - reinstated);
  return missing > 0n ? missing : 0n;
}
