import type { Money, Splits } from '@paylog/payment-domain';

/** What a storefront may ask for. `id` is the message's or the request's own id: the same id is the same request. */
export type IntentRequest =
  PlaceRequest | CaptureRequest | IncrementRequest | CancelRequest | VoidRequest | RefundRequest;

interface RequestBase {
  readonly id: string;
  readonly paymentId: string;
  readonly storefront: string;
  readonly orderId: string;
  readonly attempt: number;
  /** When we received it: RFC 3339, UTC. */
  readonly at: string;
  /** Order messages are published again, re-keyed by payment; HTTP requests are not. */
  readonly byMessage: boolean;
}

export interface PlaceRequest extends RequestBase {
  readonly type: 'place';
  readonly mode: 'test' | 'live';
  readonly amount: Money;
  readonly captureMode: 'automatic' | 'manual';
  readonly account: string;
  readonly gateway: string;
  /** Who shares in it; absent: the storefront has it all. They fit the amount. */
  readonly splits?: Splits;
  /** Goods may go part by part, as captures come; absent: all at once. */
  readonly shipping?: 'parts';
}

export interface CaptureRequest extends RequestBase {
  readonly type: 'capture';
  readonly reference: string;
  /** Absent: everything that is held and not captured. */
  readonly amount?: Money;
  /** False: more captures follow. Default true: the gateway lets go of the rest. */
  readonly final?: boolean;
}

/** Hold more: `amount` is what is added to the authorization. */
export interface IncrementRequest extends RequestBase {
  readonly type: 'increment';
  readonly reference: string;
  readonly amount: Money;
}

/** A goal, not a call: the customer keeps the money, or gets it back. */
export interface CancelRequest extends RequestBase {
  readonly type: 'cancel';
  readonly reason?: string;
}

/** Lets go of what is held; what was captured is left to refunds, which the merchant asks for by name. */
export interface VoidRequest extends RequestBase {
  readonly type: 'void';
}

export interface RefundRequest extends RequestBase {
  readonly type: 'refund';
  readonly reference: string;
  /** Absent: everything captured and not yet refunded. */
  readonly amount?: Money;
  readonly reason?: string;
}
