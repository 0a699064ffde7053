import type {
  MessageData,
  PaymentEventName,
  PAYMENTS_INTENTS,
  PaymentState,
  STOREFRONT_ORDERS,
} from '@paylog/contracts';
import type { Label } from '@paylog/payment-domain';

/** What a storefront or its shopper does next. */
export type Step =
  /** Places the order; again where attempt and amount were placed before. */
  | {
      readonly do: 'place';
      readonly attempt: number;
      readonly paymentMethod?: string;
      readonly moreMinor?: bigint;
    }
  /** Half of it now, or what is left. `more`: it is not the last capture. */
  | { readonly do: 'ready_to_ship'; readonly part?: 'half'; readonly more?: true }
  | { readonly do: 'void' }
  | { readonly do: 'cancel' }
  /** `heard`: only once intent itself knows that the payment is so labelled; else it may be asked too early. */
  | {
      readonly do: 'refund';
      readonly part: 'half' | 'all';
      readonly heard?: Label;
    }
  /** The shopper at the 3DS page. */
  | { readonly do: 'approve' }
  | { readonly do: 'refuse' }
  /** The bank, or somebody at the gateway's dashboard. */
  | { readonly do: 'at_gateway'; readonly act: GatewayAct };

/** What happens at the gateway without us. */
export type GatewayAct =
  | 'open_dispute'
  | 'win_dispute'
  | 'lose_dispute'
  | 'appeal_dispute'
  | 'approve_review'
  /** Half of the payment, by somebody at the dashboard. */
  | 'refund_half'
  /** The payer pays what had come back. */
  | 'pay_again';

/** One attempt as far as the storefront has read the topics. */
export interface SeenAttempt {
  readonly state: PaymentState | undefined;
  readonly refused: readonly MessageData<typeof PAYMENTS_INTENTS, 'IntentRefused'>[];
  readonly conflicted: readonly MessageData<typeof PAYMENTS_INTENTS, 'IntentConflicted'>[];
  /** Types of fulfillment's decisions, in order. */
  readonly goods: readonly string[];
  /** Kinds of what the customer was told, in order. */
  readonly told: readonly string[];
}

/** What a storefront knows of an order when it decides what to do. */
export interface Seen {
  /** Attempt n is at n − 1; the last one is the present one. */
  readonly attempts: readonly SeenAttempt[];
  readonly last: SeenAttempt;
  did(step: Step): boolean;
}

/** `over`: the storefront is done and waits for the end. */
export type Next = Step | 'wait' | 'over';

/** What must hold when everything is quiet. */
export interface End {
  /** By attempt, the first one first. */
  readonly labels: readonly Label[];
  /** Of the last attempt, as parts of the order's amount. */
  readonly captured: 'none' | 'half' | 'all';
  readonly refunded: 'none' | 'half' | 'all';
  /** Fulfillment's last decision about the last attempt, or one of several; undefined: none was made. */
  readonly goods: Goods | readonly Goods[] | undefined;
  /** `IntentConflicted` published about this order. Default 0. */
  readonly conflicts?: number;
  /** The storefront was told why, with a decline class. */
  readonly declined?: true;
  /** An operation that must have come to this. */
  readonly operation?: { readonly kind: 'refund'; readonly status: 'reversed' };
  /** Events that must stand in the payment's log: the doubt or the pause on the way to the end. */
  readonly events?: readonly PaymentEventName[];
  /** Reasons of refusals that must have been published, beside declines. */
  readonly refusals?: readonly string[];
  /** Every participant has at the gateway what is theirs, no more and no less. */
  readonly paidOut?: true;
  /** Decisions about goods that must have come before the last one. */
  readonly goodsBefore?: readonly Goods[];
  /** What the customer is told beside what follows from label, money and goods. */
  readonly told?: readonly string[];
  /** What the gateway did with its webhooks. */
  readonly webhooks?: Mischief;
}

/** Ways in which webhooks come as they should not. */
export type Mischief = 'duplicated' | 'reordered' | 'varied' | 'wrongly_signed';

export type Goods =
  'FulfillmentReleased' | 'FulfillmentHeld' | 'FulfillmentRecalled' | 'FulfillmentCancelled';

/** How an order is placed, what its storefront does as a function of what it has seen, and how it must end. */
export interface Scenario {
  readonly name: string;
  /** How often it is chosen, beside the once that is sure. */
  readonly weight: number;
  readonly captureMode: 'automatic' | 'manual';
  readonly paymentMethod: string;
  /** Who shares in it, as the order says. */
  readonly shared?: Pick<
    MessageData<typeof STOREFRONT_ORDERS, 'OrderPlaced'>,
    'splits' | 'platformFee' | 'refundAllocation'
  >;
  /** Ends by a clock: started first. */
  readonly slow?: boolean;
  readonly next: (seen: Seen) => Next;
  readonly end: End;
}
