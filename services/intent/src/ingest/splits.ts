import { fromWireMoney, type WireMoney } from '@paylog/contracts';
import {
  splitsFlaw,
  type Money,
  type RefundRule,
  type ShareSize,
  type Splits,
  type SplitsFlaw,
} from '@paylog/payment-domain';
import { refusal, type Refusal, type RefusalReason } from '../intent/refusals.js';

/** As a storefront asks for it, by Kafka and HTTP alike: each share has an amount or basis points. */
export interface AskedSplits {
  readonly splits?: readonly (AskedSize & { readonly participant: string })[];
  readonly platformFee?: AskedSize;
  readonly refundAllocation?: RefundRule;
}

interface AskedSize {
  readonly amount?: WireMoney;
  readonly basisPoints?: number;
}

/** What participants are to share in an amount, or why not, with the path of the field. */
export function readSplits(
  asked: AskedSplits,
  amount: Money,
): { readonly splits?: Splits } | { readonly refused: Refusal } {
  const { splits: shares, platformFee, refundAllocation } = asked;
  if (!shares || shares.length === 0) {
    const idle = platformFee ? 'platformFee' : refundAllocation && 'refundAllocation';
    return idle === undefined ? {} : { refused: refusal('field_invalid', idle) };
  }
  const sizes = [...shares, ...(platformFee ? [platformFee] : [])];
  const foreign = sizes.findIndex(
    (size) => size.amount !== undefined && size.amount.currency !== amount.currency,
  );
  if (foreign >= 0) {
    const path = foreign < shares.length ? `splits.${foreign}` : 'platformFee';
    return { refused: refusal('currency_mismatch', `${path}.amount.currency`) };
  }
  const splits: Splits = {
    participants: shares.map(({ participant, ...size }) => ({ participant, ...sizeOf(size) })),
    ...(platformFee && { platformFee: sizeOf(platformFee) }),
    refunds: refundAllocation ?? { rule: 'proportional' },
  };
  const flaw = splitsFlaw(splits, amount.minor);
  return flaw ? { refused: refusal(REASON[flaw.reason], pathOf(flaw, splits)) } : { splits };
}

function sizeOf({ amount, basisPoints }: AskedSize): ShareSize {
  return {
    ...(amount && { minor: fromWireMoney(amount).minor }),
    ...(basisPoints !== undefined && { basisPoints }),
  };
}

const REASON: Record<SplitsFlaw['reason'], RefusalReason> = {
  no_size: 'field_invalid',
  participant_repeated: 'participant_repeated',
  participant_unknown: 'participant_unknown',
  exceed_amount: 'shares_exceed_amount',
};

function pathOf({ at, index, reason }: SplitsFlaw, splits: Splits): string {
  if (at === 'refunds') return 'refundAllocation.participant';
  const path = at === 'platformFee' ? at : `splits.${index}`;
  if (reason === 'participant_repeated') return `${path}.participant`;
  if (reason === 'no_size') return path;
  const size = at === 'platformFee' ? splits.platformFee : splits.participants[index ?? 0];
  return size?.minor === undefined ? `${path}.basisPoints` : `${path}.amount.minor`;
}
