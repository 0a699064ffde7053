import type { OursWithAmount } from '../port.js';

/**
 * What our calls write on Stripe's objects, and how it is read back. It returns in every event, in every query and in
 * report columns, so that an object of ours can be recognised without any answer having reached us.
 */
export const METADATA = {
  payment: 'paylog_payment',
  session: 'paylog_operation_session',
  authorization: 'paylog_operation_authorization',
  /** The capture that comes with an automatic authorization. */
  capture: 'paylog_operation_capture',
  refund: 'paylog_operation_refund',
  /** Of a transfer, which passes a participant's share on, and of its reversal. */
  payout: 'paylog_operation_transfer',
  payoutReversal: 'paylog_operation_transfer_reversal',
  participant: 'paylog_participant',
} as const;

/** Each capture and each increment has a key of its own, so that none overwrites another (39 characters; Stripe's limit is 40). */
const CAPTURE_KEY = /^paylog_op_(cap[a-z2-7]{26})$/;
const INCREMENT_KEY = /^paylog_op_(aut[a-z2-7]{26})$/;
const PAYMENT_ID = /^pay[a-z2-7]{26}$/;
const OPERATION_ID = /^[a-z]{3}[a-z2-7]{26}$/;

export type Metadata = Readonly<Record<string, string>>;

/** Of a capture or an increment. */
export function amountMetadata(operationId: string, minor: bigint): Record<string, string> {
  return { [`paylog_op_${operationId}`]: minor.toString() };
}

export function capturesIn(metadata: Metadata): OursWithAmount[] {
  return amountsIn(metadata, CAPTURE_KEY);
}

export function incrementsIn(metadata: Metadata): OursWithAmount[] {
  return amountsIn(metadata, INCREMENT_KEY);
}

function amountsIn(metadata: Metadata, pattern: RegExp): OursWithAmount[] {
  return Object.entries(metadata).flatMap(([key, value]) => {
    const operationId = pattern.exec(key)?.[1];
    return operationId === undefined || !/^\d{1,18}$/.test(value)
      ? []
      : [{ operationId, minor: BigInt(value) }];
  });
}

/** Anybody with access to the account can write metadata: what is not shaped like an id of ours is not ours. */
export function paymentIn(metadata: Metadata): string | undefined {
  return matching(metadata[METADATA.payment], PAYMENT_ID);
}

export function operationIn(
  metadata: Metadata,
  kind: 'session' | 'authorization' | 'capture' | 'refund' | 'payout' | 'payoutReversal',
): string | undefined {
  return matching(metadata[METADATA[kind]], OPERATION_ID);
}

/** Whoever wrote it: a name as terms have them. */
export function participantIn(metadata: Metadata): string | undefined {
  return matching(metadata[METADATA.participant], /^\S(.{0,62}\S)?$/);
}

function matching(value: string | undefined, pattern: RegExp): string | undefined {
  return value !== undefined && pattern.test(value) ? value : undefined;
}
