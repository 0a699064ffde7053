import Type from 'typebox';
import {
  closed,
  Id,
  Name,
  optional,
  OrderId,
  PaymentId,
  Reason,
  Storefront,
  WireMoney,
} from '../schema.js';

export const NOTIFICATION_KINDS = [
  'payment_pending',
  'payment_received',
  'payment_returned',
  'payment_failed',
  'payment_canceled',
  'refund_sent',
  'refund_failed',
  'order_released',
  'order_delayed',
  'order_recalled',
  'order_cancelled',
] as const;

export const CustomerNotification = closed(
  {
    paymentId: PaymentId,
    storefront: Storefront,
    orderId: OrderId,
    kind: Type.Enum(NOTIFICATION_KINDS),
    messageKey: Name,
    amount: optional(WireMoney),
    reason: optional(Reason),
    causedBy: Id,
  },
  'What the customer should be told; mailers look the address up by storefront and order id.',
);
