/** Anybody with access to an account can write references: what is not shaped like an id of ours is not ours. */
const PAYMENT_ID = /^pay[a-z2-7]{26}$/;

/** The text, where it is a payment id of ours. */
export function paymentIdIn(text: unknown): string | undefined {
  return typeof text === 'string' && PAYMENT_ID.test(text) ? text : undefined;
}

/** Under which our calls write the payment id, where a gateway keeps metadata. */
export const PAYMENT_KEY = 'paylog_payment';
