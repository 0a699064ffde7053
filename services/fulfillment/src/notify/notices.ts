import type { PaymentState } from '@paylog/contracts';

export interface Notice {
  readonly kind: 'payment_received' | 'payment_failed' | 'payment_canceled' | 'refund_sent';
  /** Once for ever: by what is told, so that no order of events tells it twice. */
  readonly key: string;
  readonly amount?: { readonly minor: string; readonly currency: string };
  readonly reason?: string;
}

/**
 * What a state is worth telling the customer. Sums, not happenings, make the keys: the same capture first seen under the
 * gateway's name and then under ours is told once.
 */
export function noticesOf(paymentId: string, state: PaymentState): Notice[] {
  const { currency, amounts, label, final } = state;
  if (currency === undefined || state.terms === undefined) return [];
  const notices: Notice[] = [];
  const money = (minor: string) => ({ minor, currency });
  if (amounts.captured !== '0') {
    const key = `payment_received:${paymentId}:${amounts.captured}`;
    notices.push({ kind: 'payment_received', key, amount: money(amounts.captured) });
  }
  if (amounts.refunded !== '0') {
    const key = `refund_sent:${paymentId}:${amounts.refunded}`;
    notices.push({ kind: 'refund_sent', key, amount: money(amounts.refunded) });
  }
  if (final && label === 'failed') {
    const key = `payment_failed:${paymentId}`;
    notices.push({ kind: 'payment_failed', key, ...lastRefusal(state) });
  }
  if (final && (label === 'canceled' || label === 'voided')) {
    notices.push({ kind: 'payment_canceled', key: `payment_canceled:${paymentId}` });
  }
  return notices;
}

function lastRefusal({ operations }: PaymentState): { reason: string } | undefined {
  const refused = operations.find(
    ({ kind, status }) => kind === 'authorization' && status === 'refused',
  );
  return refused?.reason === undefined ? undefined : { reason: refused.reason };
}
