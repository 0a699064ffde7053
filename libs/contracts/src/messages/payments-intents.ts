import Type from 'typebox';
import {
  Amount,
  Attempt,
  closed,
  GatewayId,
  Name,
  optional,
  OrderId,
  PaymentId,
  Reason,
  Reference,
  Storefront,
  Text,
} from '../schema.js';
import { WireFact, WireTermsFact } from '../wire-fact.js';

const order = {
  paymentId: PaymentId,
  storefront: Storefront,
  orderId: OrderId,
  attempt: Attempt,
};

export const IntentAccepted = closed(
  { paymentId: PaymentId, fact: WireTermsFact },
  'Storefront, order, attempt, amount and currency are agreed and locked.',
);

export const IntentRefused = closed(
  {
    ...order,
    requestId: GatewayId,
    operation: Type.Enum(['authorization', 'capture', 'void', 'refund']),
    reference: optional(Reference),
    field: optional(Name),
    reason: Reason,
    declineClass: optional(Name),
    retryable: Type.Boolean(),
    /** Key of a text for the customer, in the storefront's own translations. */
    messageKey: Name,
    nextStep: Name,
  },
  "What a storefront asked for won't be done; `reason` and `field` say why, `nextStep` what to do.",
);

export const IntentConflicted = closed(
  {
    ...order,
    requestId: GatewayId,
    field: Name,
    accepted: Text,
    received: Text,
  },
  'The same order was asked for again with other content; what was accepted first stands.',
);

export const FactRecorded = closed(
  { paymentId: PaymentId, fact: WireFact },
  'Asked at the gateway, answered by it, found by a query, or learnt from the clock.',
);

export const OrderMessageAccepted = closed(
  {
    ...order,
    kind: Type.Enum(['ready_to_ship', 'cancelled', 'refund_requested']),
    reference: optional(Reference),
    amount: optional(Amount),
    /** False: a capture after which more follow. */
    final: optional(Type.Boolean()),
    reason: optional(Text),
  },
  "A storefront's later message about an order was accepted.",
);
