import Type from 'typebox';
import {
  Account,
  Amount,
  Attempt,
  CaptureMode,
  closed,
  optional,
  OrderId,
  Reference,
  Storefront,
  Text,
} from '../schema.js';

const order = { storefront: Storefront, orderId: OrderId, attempt: optional(Attempt) };

export const OrderPlaced = closed(
  {
    ...order,
    amount: Amount,
    customerReference: optional(Type.String({ minLength: 1, maxLength: 128 })),
    captureMode: optional(CaptureMode),
    /** The gateway's token for a payment method; never a card number. */
    paymentMethod: Type.String({ minLength: 1, maxLength: 255, pattern: '^\\S+$' }),
    account: optional(Account),
    splits: optional(
      Type.Array(closed({ participant: Reference, amount: Amount }), { minItems: 1, maxItems: 50 }),
    ),
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
