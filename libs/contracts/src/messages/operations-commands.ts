import Type from 'typebox';
import {
  Account,
  Attempt,
  closed,
  Name,
  optional,
  OrderId,
  PaymentId,
  Storefront,
  Text,
} from '../schema.js';

/** Services that take commands. */
export const COMMANDED_SERVICES = [
  'intent',
  'webhook-ingest',
  'payment-state',
  'fulfillment',
  'reconciliation',
] as const;

const by = { operator: Name, reason: Text };
const parked = { service: Type.Enum(COMMANDED_SERVICES), parkedId: Name, ...by };

export const ReplayParked = closed(
  {
    ...parked,
    mended: optional(Type.String({ pattern: '^[A-Za-z0-9+/]+={0,2}$', maxLength: 900_000 })),
  },
  'Take a parked message again, with a corrected value where `mended` (base64) gives one.',
);

export const DiscardParked = closed(parked, 'Give a parked message up.');

export const VerifyPayment = closed(
  {
    service: Type.Literal('intent'),
    paymentId: PaymentId,
    ...by,
  },
  'Ask the gateway what it knows about a payment.',
);

export const SwitchAccount = closed(
  {
    service: Type.Literal('intent'),
    account: Account,
    stopped: Type.Boolean(),
    ...by,
  },
  'Stop or restart calls that move money through a gateway account.',
);

export const AdoptPayment = closed(
  {
    service: Type.Literal('payment-state'),
    /** Found at a gateway. */
    paymentId: PaymentId,
    storefront: Storefront,
    orderId: OrderId,
    /** Default: the last one that we know. */
    attempt: optional(Attempt),
    ...by,
  },
  'Say which order a payment belongs to that was found at a gateway.',
);
