import Type from 'typebox';
import {
  closed,
  GatewayId,
  Id,
  Name,
  optional,
  Ordinal,
  PaymentId,
  Reason,
  SignedMoney,
  Time,
} from '../schema.js';

/** Why two legs don't agree. */
export const EXCEPTION_CLASSES = [
  'amount_mismatch',
  'currency_mismatch',
  'status_mismatch',
  'fee_variance',
  'missing_at_psp',
  'missing_internal',
  'duplicate_external',
  'duplicate_internal',
  'late_reversal',
  'unknown_type',
  'control_total_break',
] as const;

/** An amount, or a word where the difference isn't one of amounts. */
const Finding = Type.Union([SignedMoney, Reason]);

const exception = {
  exceptionId: Id,
  statementId: optional(Id),
  class: Type.Enum(EXCEPTION_CLASSES),
  /** Charge or refund id at the gateway. */
  gatewayObject: GatewayId,
  lineNumber: optional(Ordinal),
  paymentId: optional(PaymentId),
  expected: optional(Finding),
  found: optional(Finding),
  owner: Name,
  openedAt: Time,
  note: Type.String({ maxLength: 1000 }),
};

export const ExceptionOpened = closed(
  exception,
  "A cent that isn't explained yet, with its class and its owner.",
);
export const ExceptionReclassified = closed(
  exception,
  'The class was wrong; this is the right one.',
);
export const ExceptionAssigned = closed(exception, 'Somebody else owns it now.');
export const ExceptionResolved = closed(exception, 'It is explained; `note` says how.');
