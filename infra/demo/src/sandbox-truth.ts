import type { HttpApi } from './http.js';

/** What the gateway knows of one PaymentIntent, from the calls it received. Amounts in minor units. */
export interface TrueIntent {
  readonly id: string;
  readonly status: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly currency: string;
  readonly amount: number;
  readonly amountReceived: number;
  readonly amountRefunded: number;
  readonly amountReleased: number;
  readonly captures: number;
  /** In the order they were opened. */
  readonly disputes: readonly {
    readonly id: string;
    readonly withdrawn: number;
    readonly reinstated: number;
  }[];
  readonly reviews: readonly { readonly id: string; readonly open: boolean }[];
  readonly transfers: readonly {
    readonly id: string;
    readonly amount: number;
    readonly reversed: number;
    readonly metadata: Readonly<Record<string, string>>;
  }[];
}

export interface Truth {
  readonly paymentIntents: readonly TrueIntent[];
  readonly capturedTwice: number;
  readonly capturedTwicePayments: readonly string[];
}

/** One webhook that was sent, in the order of the answers. */
export interface Sent {
  readonly eventId: string | null;
  readonly eventType?: string;
  readonly paymentIntentId?: string;
  readonly sha256: string;
  /** HTTP status answered; null when nobody answered. */
  readonly status: number | null;
  readonly signedWrong: boolean;
}

export type Discrepancy =
  'amount' | 'fee' | 'missing_at_gateway' | 'missing_with_us' | 'duplicate_line';

export interface PaidOut {
  readonly payouts: readonly {
    readonly id: string;
    readonly amount: number;
    readonly currency: string;
  }[];
  /** Charge or refund id of each line that was altered, added or left out. */
  readonly planted: readonly { readonly class: Discrepancy; readonly object: string }[];
}

export const DISCREPANCIES: readonly Discrepancy[] = [
  'amount',
  'fee',
  'missing_at_gateway',
  'missing_with_us',
  'duplicate_line',
];

/** The other side of the story: asked from the gateway itself, never from what it sent. */
export const truthOf = (sandbox: HttpApi) => sandbox.get<Truth>('/sandbox/truth');

export const deliveriesOf = (sandbox: HttpApi) => sandbox.get<Sent[]>('/sandbox/deliveries');

export const payOut = (sandbox: HttpApi, account: string, discrepancies: readonly Discrepancy[]) =>
  sandbox.post<PaidOut>('/sandbox/payouts', { account, discrepancies });
