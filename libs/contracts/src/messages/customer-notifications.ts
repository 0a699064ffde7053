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
  'payment_received',
  'payment_failed',
  'payment_canceled',
  'refund_sent',
  'order_released',
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
