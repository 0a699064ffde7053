import { closed, GatewayId, Id, OrderId, PaymentId, Reason, Storefront } from '../schema.js';

/** A decision about the goods of an order; `causedBy` is the id of the fact or event that led to it. */
const decision = {
  paymentId: PaymentId,
  storefront: Storefront,
  orderId: OrderId,
  /** `all`, or the capture whose part of the order it is about. */
  part: GatewayId,
  reason: Reason,
  causedBy: Id,
};

export const FulfillmentReleased = closed(
  decision,
  'The money is in: the goods may go. Once an order.',
);
export const FulfillmentHeld = closed(
  decision,
  'Wait: a dispute, a review or a parked message stands against the release.',
);
export const FulfillmentRecalled = closed(
  decision,
  'The goods were released and should be stopped or brought back.',
);
export const FulfillmentCancelled = closed(decision, "The goods won't go.");
