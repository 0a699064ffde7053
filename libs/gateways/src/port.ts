import type { Money } from '@paylog/payment-domain';

/**
 * Which call of ours an answer belongs to. It travels with the answer, so that turning it into facts needs nothing
 * else: `factsOf(answer)`.
 */
export interface Call {
  readonly account: string;
  readonly paymentId: string;
  /** Our operation id. The gateway's idempotency key is the same string. */
  readonly operationId: string;
  readonly kind:
    | 'authorization'
    | 'increment'
    | 'capture'
    | 'void'
    | 'refund'
    | 'participant_payout'
    | 'participant_payout_reversal';
  /** Number of the call, from 1: a repeat with the same key is a new call. For a lookup, the number of the lookup. */
  readonly call: number;
  /** A lookup asks and moves nothing. */
  readonly source: 'response' | 'poll';
  readonly amount?: Money;
  /** Ids that follow the fate of an authorization: the session it opens, the capture that comes with it. */
  readonly sessionOperationId?: string;
  readonly captureOperationId?: string;
}

interface CallRequest {
  readonly paymentId: string;
  readonly operationId: string;
  readonly call: number;
}

/** Opens the gateway's container of tries and tries once. */
export interface AuthorizeRequest extends CallRequest {
  readonly sessionOperationId: string;
  /** Needed when `captureMode` is automatic: the operation of the capture that comes with a success. */
  readonly captureOperationId?: string;
  readonly amount: Money;
  readonly captureMode: 'automatic' | 'manual';
  /** The gateway's token of a payment method; never a card number. */
  readonly paymentMethod: string;
  readonly customerReference?: string;
  /** Where the shopper comes back to after a redirect. Coming back proves nothing: look the payment up. */
  readonly returnUrl?: string;
  /** Shown to people at the gateway, such as the order id. */
  readonly description?: string;
  /** Parts of it will be passed on to participants. */
  readonly shared?: boolean;
}

/** Raises what is held. One at a time, and only before anything was captured. */
export interface IncrementRequest extends CallRequest {
  readonly containerId: string;
  /** What is added. */
  readonly amount: Money;
  /** What is then authorized in all. */
  readonly total: Money;
}

export interface CaptureRequest extends CallRequest {
  /** The gateway's container: alias of the payment. */
  readonly containerId: string;
  readonly amount: Money;
  /** Last capture of this payment: the gateway lets go of the rest. Default true; false needs multicapture there. */
  readonly final?: boolean;
}

/** One call for both: releases what is authorized (void), and closes a payment nothing came of (abandoned). */
export interface CancelRequest extends CallRequest {
  readonly containerId: string;
  readonly sessionOperationId: string;
  readonly reason: 'abandoned' | 'duplicate' | 'fraudulent' | 'requested_by_customer';
}

export interface RefundRequest extends CallRequest {
  readonly containerId: string;
  readonly amount: Money;
}

/** Asks by the gateway's id when we have it, else by ours: listed by time of creation, searched last. */
export interface PaymentQuery {
  readonly paymentId: string;
  /** The operation in doubt, for its facts. */
  readonly operationId: string;
  readonly kind: 'authorization' | 'increment' | 'capture' | 'void';
  readonly call: number;
  /** Of an increment: what it adds. */
  readonly amount?: Money;
  readonly containerId?: string;
  /** RFC 3339: when the first call of the operation was made. Needed without `containerId`. */
  readonly firstCalledAt?: string;
}

export interface RefundQuery {
  readonly paymentId: string;
  readonly operationId: string;
  readonly call: number;
  readonly containerId: string;
  /** When known: asked directly. */
  readonly refundId?: string;
}

/** Passes a participant's share on. */
export interface PayOutRequest extends CallRequest {
  readonly participant: string;
  readonly amount: Money;
  /** The gateway's id of the authorization whose money it is; absent: of whatever the account has. */
  readonly authorizationId?: string;
}

/** Takes back, in part or whole, what was passed on. */
export interface TakeBackRequest extends CallRequest {
  readonly participant: string;
  readonly amount: Money;
  /** The gateway's id of the payout. */
  readonly payoutId: string;
}

/** Asks what became of either. */
export interface PayoutQuery {
  readonly paymentId: string;
  readonly operationId: string;
  readonly kind: 'participant_payout' | 'participant_payout_reversal';
  readonly call: number;
  /** The gateway's id of the payout: of the one in doubt where it is known, of the one taken back always. */
  readonly payoutId?: string;
}

/** What the shopper must do next. Not for any log: it may carry tokens. */
export type NextAction =
  | { readonly type: 'redirect'; readonly url: string; readonly expiresAt?: string }
  | { readonly type: 'sdk'; readonly clientToken: string; readonly expiresAt?: string };

/**
 * hard: never again with this payment method. soft: the same may work later. correctable: the shopper corrects the
 * details first. authenticate: again, with the shopper present.
 */
export type DeclineClass = 'hard' | 'soft' | 'correctable' | 'authenticate';
export type NextStep =
  'use_other_payment_method' | 'retry_later' | 'correct_details' | 'authenticate';

export interface Decline {
  /** The issuer's reason where there is one, else the gateway's: `insufficient_funds`, `authentication_failed`, … */
  readonly declineCode: string;
  readonly adviceCode?: string;
  readonly declineClass: DeclineClass;
  /** May the storefront try again in a new attempt, once `nextStep` is done? False for hard declines. */
  readonly retryable: boolean;
  /** Key of a text that is safe to show: it never says lost, stolen or fraud. */
  readonly messageKey: string;
  readonly nextStep: NextStep;
}

export type ContainerStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'processing'
  | 'requires_capture'
  | 'succeeded'
  | 'canceled';

/** An operation of ours that the gateway wrote down together with doing it, and its minor units. */
export interface OursWithAmount {
  readonly operationId: string;
  readonly minor: bigint;
}

/** A payment as the gateway shows it, in our money and our names. */
export interface ObservedPayment {
  readonly containerId: string;
  readonly status: ContainerStatus;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Authorized, or to be authorized, in all: increments included. */
  readonly amount: Money;
  readonly captureMode: 'automatic' | 'manual';
  readonly capturable: Money;
  /** Running total, never a difference. */
  readonly captured: Money;
  /** The gateway's id of the authorization that won, or of the last one refused. */
  readonly authorizationId?: string;
  /** The try shown by `decline` had been won, and the money came back: a debit that failed late. */
  readonly cameBack?: boolean;
  /** Where there were several tries: the first one, which was ours, and how it ended before the next could be made. */
  readonly firstTry?: { readonly authorizationId: string; readonly cameBack: boolean };
  /** Every authorization the gateway tried for this payment was ours: exactly one is known to it. */
  readonly onlyAuthorization?: boolean;
  /** Why the last try failed; absent after a success. */
  readonly decline?: Decline;
  readonly canceledBecause?: string;
  readonly nextAction?: NextAction;
  /** What our own calls wrote on it. */
  readonly ours: {
    readonly paymentId?: string;
    readonly session?: string;
    readonly authorization?: string;
    /** The capture that comes with an automatic authorization. */
    readonly capture?: string;
    /** Captures of ours that the gateway did, with what each asked. */
    readonly captures: readonly OursWithAmount[];
    /** Increments of ours that the gateway did, with what each added. */
    readonly increments: readonly OursWithAmount[];
  };
}

export interface ObservedRefund {
  readonly refundId: string;
  readonly status: 'pending' | 'requires_action' | 'succeeded' | 'failed' | 'canceled';
  readonly createdAt: string;
  readonly amount: Money;
  readonly containerId?: string;
  readonly authorizationId?: string;
  readonly failureReason?: string;
  readonly ours: { readonly paymentId?: string; readonly operation?: string };
}

/** A share passed on, or taken back, as the gateway shows it. It is done at once, or not at all. */
export interface ObservedPayout {
  readonly kind: 'participant_payout' | 'participant_payout_reversal';
  /** The gateway's. */
  readonly id: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly amount: Money;
  readonly participant?: string;
  /** The authorization it drew from; of a reversal, the payout it takes back. By the gateway's id. */
  readonly parent?: string;
  readonly ours: { readonly paymentId?: string; readonly operation?: string };
}

interface Answered {
  /** Which call this answers. */
  readonly about: Call;
  /** RFC 3339: when the answer (or its absence) reached us. */
  readonly at: string;
}

/** The call was refused as such: bad parameters, wrong state, bad key. This call moved no money. */
export interface Refused extends Answered {
  readonly result: 'refused';
  /** The gateway's error code: `amount_too_large`, `payment_intent_unexpected_state`, `charge_already_refunded`, … */
  readonly reason: string;
  readonly message: string;
  /** The parameter at fault, as the gateway names it. */
  readonly field?: string;
  /** The payment as it is, when the gateway says so in the same answer. */
  readonly payment?: ObservedPayment;
}

/** Nobody can say what happened: only the gateway can, asked with the same key or by a lookup. Never a failure. */
export interface Unknown extends Answered {
  readonly result: 'unknown';
  readonly reason: 'timeout' | 'connection' | 'gateway_error';
  readonly message: string;
}

/**
 * The gateway did not begin this call: ends this call only, and says nothing about earlier ones. `key_reused` (our key
 * with other parameters) and `unauthorized` (our API key) will not get better by repeating: somebody must look.
 */
export interface NotAttempted extends Answered {
  readonly result: 'not_attempted';
  readonly reason: 'rate_limited' | 'in_flight' | 'key_reused' | 'unauthorized';
  readonly retryAfterMs?: number;
}

/**
 * The gateway shows nothing under our ids. After a list it means that nothing had been created when it was asked
 * (a call may still be on its way); after a search it proves nothing for an hour.
 */
export interface NotFound extends Answered {
  readonly result: 'not_found';
  readonly by: 'id' | 'list' | 'search';
}

export type PaymentAnswer =
  | (Answered & { readonly result: 'answered'; readonly payment: ObservedPayment })
  | (Answered & {
      readonly result: 'declined';
      readonly decline: Decline;
      readonly payment?: ObservedPayment;
      /** The refused authorization at the gateway, when there was one. */
      readonly authorizationId?: string;
    })
  | Refused
  | Unknown
  | NotAttempted;

export type RefundAnswer =
  | (Answered & { readonly result: 'answered'; readonly refund: ObservedRefund })
  | Refused
  | Unknown
  | NotAttempted;

export type PayoutAnswer =
  | (Answered & { readonly result: 'answered'; readonly payout: ObservedPayout })
  | Refused
  | Unknown
  | NotAttempted;

export type PaymentLookup = PaymentAnswer | NotFound;
export type RefundLookup = RefundAnswer | NotFound;
export type PayoutLookup = PayoutAnswer | NotFound;
export type GatewayAnswer = PaymentLookup | RefundLookup | PayoutLookup;

/** Passing shares on to participants at the gateway. As the methods of the client, none throws. */
export interface ParticipantPayouts {
  /** Is it known where this participant's share goes? */
  reaches(participant: string): boolean;
  payOut(request: PayOutRequest): Promise<PayoutAnswer>;
  takeBack(request: TakeBackRequest): Promise<PayoutAnswer>;
  lookup(query: PayoutQuery): Promise<PayoutLookup>;
}

/**
 * One gateway account. No method throws for what a gateway or a network does: the answer says it. Nothing retries by
 * itself; calls are repeated by whoever wrote down that they were made.
 */
export interface GatewayClient {
  readonly account: string;
  /**
   * How long a repeat with the same key may still be sent, from the operation's first call: half of what the gateway
   * keeps keys for. Later, look up first.
   */
  readonly repeatWithinMs: number;
  /** How long an authorization holds, from when it was won. Past it: ask, for it may have run out without a word. */
  readonly authorizationValidMs: number;
  authorize(request: AuthorizeRequest): Promise<PaymentAnswer>;
  increment(request: IncrementRequest): Promise<PaymentAnswer>;
  capture(request: CaptureRequest): Promise<PaymentAnswer>;
  cancel(request: CancelRequest): Promise<PaymentAnswer>;
  refund(request: RefundRequest): Promise<RefundAnswer>;
  lookupPayment(query: PaymentQuery): Promise<PaymentLookup>;
  lookupRefund(query: RefundQuery): Promise<RefundLookup>;
  /** Of an account that passes shares on. */
  readonly participants?: ParticipantPayouts;
}

/** A transfer of the gateway to our bank account: the unit of the close. */
export interface Payout {
  readonly statement: string;
  readonly amount: Money;
  readonly status: 'pending' | 'in_transit' | 'paid' | 'failed' | 'canceled';
  /** RFC 3339. */
  readonly createdAt: string;
  readonly arrivalAt: string;
  /** The gateway says that its lines are complete. Only then may a report be asked for. */
  readonly linesReady: boolean;
}

/** Where settlement reports come from. Methods throw `GatewayFault` (transient or not); reading is safe to repeat. */
export interface SettlementSource {
  readonly account: string;
  /** Payouts created at or after this time, oldest first. */
  payouts(since: string): AsyncIterable<Payout>;
  /**
   * The report that lists a payout's lines, as bytes to be hashed, kept and read with `readPayoutReport`. It may hold
   * lines of other payouts too. Undefined while the gateway is still writing it: ask again later (same run).
   */
  report(payout: Payout): Promise<AsyncIterable<Uint8Array> | undefined>;
}
