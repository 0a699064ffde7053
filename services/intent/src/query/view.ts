import type { NextAction } from '@paylog/gateways';
import type { Label, Money, Operation } from '@paylog/payment-domain';
import { hadLateSuccess } from '../intent/late-success.js';
import { isClosed, isOpen, statusOf, type Known, type Status } from '../intent/state.js';

interface WireMoney {
  readonly minor: string;
  readonly currency: string;
}

export interface OperationView {
  readonly id: string;
  readonly kind: string;
  readonly status: Status;
  readonly amount?: WireMoney;
  readonly reason?: string;
}

/** What a storefront reads about an intent; `nextAction` and `readToken` are added by who may see them. */
export interface IntentView {
  readonly paymentId: string;
  readonly storefront: string;
  readonly orderId: string;
  readonly attempt: number;
  readonly amount: WireMoney;
  readonly captureMode: 'automatic' | 'manual';
  readonly status: Label;
  readonly final: boolean;
  readonly operations: readonly OperationView[];
  readonly refusal?: {
    readonly reason: string;
    readonly declineClass?: string;
    readonly retryable: boolean;
    readonly messageKey: string;
    readonly nextStep: string;
  };
  /** Money came although the storefront was told otherwise, or the attempt was closed; it goes back, by policy. */
  readonly lateSuccess?: true;
  readonly nextAction?: NextAction;
  readonly readToken?: string;
}

/** Undefined before the order was accepted. */
export function viewOf(known: Known, nextAction?: NextAction): IntentView | undefined {
  const { terms, paymentId, decline } = known.intent;
  if (!terms) return undefined;
  const { storefront, orderId, attempt, amount, captureMode } = terms;
  const { label, final } = present(known);
  // An action of an attempt that is over would lead the shopper into nothing.
  const open = nextAction && !isClosed(known) && !final;
  return {
    paymentId,
    storefront,
    orderId,
    attempt,
    amount: wire(amount),
    captureMode,
    status: label,
    final,
    operations: operationsOf(known),
    ...(decline ? { refusal: refusalOf(decline) } : {}),
    ...(hadLateSuccess(known) ? { lateSuccess: true as const } : {}),
    ...(open ? { nextAction } : {}),
  };
}

type Decline = NonNullable<Known['intent']['decline']>;

function refusalOf({ reason, declineClass, retryable, messageKey, nextStep }: Decline) {
  return { reason, ...(declineClass ? { declineClass } : {}), retryable, messageKey, nextStep };
}

/** The projection once it has caught up with our own log, else our own fold, which is ahead of it. */
function present({ intent, projected }: Known): { label: Label; final: boolean } {
  if (!projected) return intent.payment;
  const caughtUp = intent.own.every(({ id }) => {
    const own = find(intent.payment.operations, id)?.status;
    const theirs = find(projected.operations, id)?.status;
    return theirs !== undefined && (theirs === own || !isOpen(theirs));
  });
  return caughtUp ? projected : intent.payment;
}

function operationsOf(known: Known): OperationView[] {
  return known.intent.own.map(({ id, kind, asked, reason }) => {
    const told = find(known.projected?.operations, id) ?? find(known.intent.payment.operations, id);
    const amount = told?.amount ?? asked;
    const why = told?.reason ?? reason;
    return {
      id,
      kind,
      status: statusOf(known, id),
      ...(amount ? { amount: wire(amount) } : {}),
      ...(why === undefined ? {} : { reason: why }),
    };
  });
}

function find(operations: readonly Operation[] | undefined, id: string): Operation | undefined {
  return operations?.find((operation) => operation.id === id);
}

function wire({ minor, currency }: Money): WireMoney {
  return { minor: minor.toString(), currency };
}
