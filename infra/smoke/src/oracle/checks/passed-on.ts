import type { PaymentState } from '../evidence.js';

/** What went to participants and was not taken back, by a payment's state; minor units. */
export function passedOnIn(operations: PaymentState['operations']): bigint {
  const sum = (wanted: string) =>
    operations
      .filter(({ kind, status }) => kind === wanted && status === 'succeeded')
      .reduce((total, { amount }) => total + BigInt(amount?.minor ?? 0), 0n);
  return sum('participant_payout') - sum('participant_payout_reversal');
}
