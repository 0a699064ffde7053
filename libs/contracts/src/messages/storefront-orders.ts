import Type from 'typebox';
import {
  Account,
  Amount,
  Attempt,
  BasisPoints,
  CaptureMode,
  closed,
  optional,
  OrderId,
  Reference,
  RefundRuleName,
  Storefront,
  Text,
} from '../schema.js';

const order = { storefront: Storefront, orderId: OrderId, attempt: optional(Attempt) };

/** Exactly one of the two. */
const size = { amount: optional(Amount), basisPoints: optional(BasisPoints) };

export const OrderPlaced = closed(
  {
    ...order,
    amount: Amount,
    customerReference: optional(Type.String({ minLength: 1, maxLength: 128 })),
    captureMode: optional(CaptureMode),
    /** The gateway's token for a payment method; never a card number. */
    paymentMethod: Type.String({ minLength: 1, maxLength: 255, pattern: '^\\S+$' }),
    account: optional(Account),
    /** May what is captured be shipped before the rest? As a whole when left out. */
    shipping: optional(Type.Enum(['whole', 'parts'])),
    /** Each with an amount or with basis points of the whole; the storefront has what is left. */
    splits: optional(
      Type.Array(closed({ participant: Reference, ...size }), { minItems: 1, maxItems: 50 }),
    ),
    /** Kept by the platform and taken off first: basis points of `splits` are of what it leaves. */
    platformFee: optional(closed(size)),
    /** Who bears refunds and lost disputes; proportional when left out. */
    refundAllocation: optional(closed({ rule: RefundRuleName, participant: optional(Reference) })),
  },
  'A customer wants to pay for an order. `attempt` counts from 1 and is 1 when left out.',
);

export const OrderReadyToShip = closed(
  {
    ...order,
    reference: Reference,
    /** What is held and not captured, when left out. */
    amount: optional(Amount),
    /** False: more captures follow. Else the gateway lets go of what is left. */
    final: optional(Type.Boolean()),
  },
  'The goods are ready: capture now, for orders in manual capture mode.',
);

export const OrderCancelled = closed(
  { ...order, reason: optional(Text) },
  "The order won't be fulfilled: the customer keeps or gets back the money.",
);

export const RefundRequested = closed(
  {
    ...order,
    reference: Reference,
    amount: optional(Amount),
    reason: optional(Text),
  },
  'Give money back; the whole rest when `amount` is left out.',
);
