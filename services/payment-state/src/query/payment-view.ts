import type { PaymentState } from '@paylog/contracts';

/** What `GET /v1/payments/{id}` answers: the present state, as `payments.events.v1` carries it. */
export interface PaymentView extends Omit<PaymentState, 'terms'> {
  readonly paymentId: string;
  /** Number of events so far; 0 while nothing is known. */
  readonly version: number;
  readonly order?: NonNullable<PaymentState['terms']>;
}

export function toView(paymentId: string, version: number, state: PaymentState): PaymentView {
  const { terms, ...rest } = state;
  return { paymentId, version, ...(terms && { order: terms }), ...rest };
}

/** A payment whose read token is valid but whose first event has not come yet. */
export function notYetKnown(paymentId: string): PaymentView {
  return {
    paymentId,
    version: 0,
    amounts: { authorized: '0', captured: '0', refunded: '0', voided: '0' },
    otherCurrencies: {},
    label: 'initialized',
    final: false,
    unresolved: [],
    held: false,
    closed: false,
    operations: [],
    anomalies: [],
  };
}
