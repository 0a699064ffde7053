import { operationId } from '@paylog/contracts';

/**
 * Ids of a payment's operations. The references that are not a storefront's are fixed here; those of captures and refunds
 * have a space in front, which a storefront's own can't have.
 */
export const operations = {
  /** The gateway's container of tries: one an attempt. */
  session: (paymentId: string) => operationId(paymentId, 'session', 'all'),
  /** One try an attempt: after a refusal the attempt closes and the shopper's next try is the next attempt. */
  authorization: (paymentId: string) => operationId(paymentId, 'authorization', '1'),
  /** More on the same authorization. */
  increment: (paymentId: string, reference: string) =>
    operationId(paymentId, 'authorization', ` increment ${reference}`),
  /** The capture that comes with an automatic authorization. */
  automaticCapture: (paymentId: string) => operationId(paymentId, 'capture', ' automatic'),
  capture: (paymentId: string, reference: string) => operationId(paymentId, 'capture', reference),
  /** One an attempt, unless the gateway refuses it and can do it later. */
  void: (paymentId: string, ordinal = 1) =>
    operationId(paymentId, 'void', ordinal === 1 ? 'all' : ` again ${ordinal}`),
  refund: (paymentId: string, reference: string) => operationId(paymentId, 'refund', reference),
  /** The refund that a cancel or a late success makes. */
  cancelRefund: (paymentId: string, ordinal: number) =>
    operationId(paymentId, 'refund', ` cancel ${ordinal}`),
  /** A participant's share, passed on in as many parts as it takes. */
  payout: (paymentId: string, participant: string, ordinal: number) =>
    operationId(paymentId, 'participant_payout', `${participant} ${ordinal}`),
  payoutReversal: (paymentId: string, participant: string, ordinal: number) =>
    operationId(paymentId, 'participant_payout_reversal', `${participant} ${ordinal}`),
} as const;
