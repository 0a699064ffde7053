import type { ShareSize, Splits } from '@paylog/payment-domain';
import Type, { type Static } from 'typebox';
import {
  BasisPoints,
  closed,
  optional,
  PositiveMinor,
  Reference,
  RefundRuleName,
} from './schema.js';

/** Exactly one of the two; minor units are in the currency of the terms. */
const size = { minor: optional(PositiveMinor), basisPoints: optional(BasisPoints) };

/** What participants share, as terms carry it. */
export const WireSplits = closed({
  participants: Type.Array(closed({ participant: Reference, ...size }), {
    minItems: 1,
    maxItems: 50,
  }),
  platformFee: optional(closed(size)),
  refunds: closed({ rule: RefundRuleName, participant: optional(Reference) }),
});
export type WireSplits = Static<typeof WireSplits>;

/** Splits to their wire form. */
export function toWireSplits({ participants, platformFee, refunds }: Splits): WireSplits {
  return {
    participants: participants.map(({ participant, ...share }) => ({
      participant,
      ...toWireSize(share),
    })),
    ...(platformFee && { platformFee: toWireSize(platformFee) }),
    refunds: { ...refunds },
  };
}

/** Splits from their (validated) wire form. */
export function fromWireSplits({ participants, platformFee, refunds }: WireSplits): Splits {
  return {
    participants: participants.map(({ participant, ...share }) => ({
      participant,
      ...fromWireSize(share),
    })),
    ...(platformFee && { platformFee: fromWireSize(platformFee) }),
    refunds,
  };
}

type WireSize = NonNullable<WireSplits['platformFee']>;

function toWireSize({ minor, basisPoints }: ShareSize): WireSize {
  return {
    ...(minor !== undefined && { minor: String(minor) }),
    ...(basisPoints !== undefined && { basisPoints }),
  };
}

function fromWireSize({ minor, basisPoints }: WireSize): ShareSize {
  return {
    ...(minor !== undefined && { minor: BigInt(minor) }),
    ...(basisPoints !== undefined && { basisPoints }),
  };
}
