import type { MessageData, PaymentState, PAYMENTS_EVENTS } from '@paylog/contracts';

type PaymentEvent = Pick<
  MessageData<typeof PAYMENTS_EVENTS, 'CaptureSucceeded'>,
  'paymentId' | 'state' | 'fact' | 'transitions'
>;

export interface Notice {
  readonly kind:
    | 'payment_pending'
    | 'payment_received'
    | 'payment_returned'
    | 'payment_failed'
    | 'payment_canceled'
    | 'refund_sent'
    | 'refund_failed';
  /** Once for ever: by what is told, so that no order of events tells it twice. */
  readonly key: string;
  /** All that was received or sent back so far. */
  readonly amount?: { readonly minor: string; readonly currency: string };
  readonly reason?: string;
}

/**
 * What an event is worth telling the customer. A gain is told, keyed by the sum it led to: the same capture first seen
 * under the gateway's name and then under ours is told once, and a reversal is no news of money received.
 */
export function noticesOf(event: PaymentEvent): Notice[] {
  const { paymentId, state } = event;
  const { currency, amounts, label, final } = state;
  if (currency === undefined || state.terms === undefined) return [];
  const notices: Notice[] = [];
  const money = (minor: string) => ({ minor, currency });
  if (gained(event, 'capture') && amounts.captured !== '0') {
    const key = `payment_received:${paymentId}:${amounts.captured}`;
    notices.push({ kind: 'payment_received', key, amount: money(amounts.captured) });
  }
  if (gained(event, 'refund') && amounts.refunded !== '0') {
    const key = `refund_sent:${paymentId}:${amounts.refunded}`;
    notices.push({ kind: 'refund_sent', key, amount: money(amounts.refunded) });
  }
  notices.push(...undone(event));
  if (isProcessing(state)) {
    notices.push({ kind: 'payment_pending', key: `payment_pending:${paymentId}` });
  }
  if (final && label === 'failed') {
    const key = `payment_failed:${paymentId}`;
    notices.push({ kind: 'payment_failed', key, ...refusalIn(state) });
  }
  if (final && (label === 'canceled' || label === 'voided')) {
    notices.push({ kind: 'payment_canceled', key: `payment_canceled:${paymentId}` });
  }
  return notices;
}

const UNDONE = { capture: 'payment_returned', refund: 'refund_failed' } as const;

/**
 * Money that did not stay where it was said to be. Keyed by how often that has happened, for the operation itself may come
 * to be known by another name.
 */
function undone({ paymentId, fact, state, transitions }: PaymentEvent): Notice[] {
  return (['capture', 'refund'] as const).flatMap((kind) => {
    const all = state.operations.filter((each) => each.kind === kind && each.status === 'reversed');
    const news = transitions.filter((each) => each.kind === kind && each.to === 'reversed');
    if (all.length === 0 || (news.length === 0 && fact.type !== 'terms')) return [];
    const last = all.find(({ id }) => id === news[0]?.operation) ?? all[0];
    const { amount, reason } = last ?? {};
    return [
      {
        kind: UNDONE[kind],
        key: `${UNDONE[kind]}:${paymentId}:${all.length}`,
        ...(amount && { amount }),
        ...(reason !== undefined && { reason }),
      },
    ];
  });
}

/** Days may pass before the gateway knows: nobody is waiting before a screen any more. */
function isProcessing({ label, operations }: PaymentState): boolean {
  return (
    label === 'pending' &&
    operations.some(
      ({ kind, status, reason }) =>
        kind === 'session' && status === 'pending' && reason === 'processing',
    )
  );
}

/** With the terms comes everything that the gateway told before them. */
function gained({ fact, state, transitions }: PaymentEvent, kind: 'capture' | 'refund'): boolean {
  if (fact.type === 'terms') return true;
  const sum = transitions
    .filter((each) => each.kind === kind && each.currency === state.currency)
    .reduce((total, { delta }) => total + BigInt(delta), 0n);
  return sum > 0n;
}

function refusalIn({ operations }: PaymentState): { reason?: string } {
  const refused = operations.find(
    ({ kind, status }) => kind === 'authorization' && status === 'refused',
  );
  return refused?.reason === undefined ? {} : { reason: refused.reason };
}
