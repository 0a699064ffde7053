import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import type Stripe from 'stripe';
import type { Step } from './dialect/script.js';
import type { ReportingCategory } from './gateway/objects.js';

/** A PaymentIntent with what the sandbox knows beside it. */
export interface IntentRecord {
  readonly account: string;
  readonly object: Stripe.PaymentIntent;
  /** Where the shopper goes back to after 3DS. */
  readonly returnUrl?: string;
  /** Events emitted so far for this payment: decides how they are reordered. */
  readonly events: number;
}

export interface ChargeRecord {
  readonly account: string;
  readonly object: Stripe.Charge;
}

export interface RefundRecord {
  readonly account: string;
  readonly object: Stripe.Refund;
}

export interface DisputeRecord {
  readonly account: string;
  readonly object: Stripe.Dispute;
  /** How many steps of its token's story are done. */
  readonly steps: number;
}

export interface ReviewRecord {
  readonly account: string;
  readonly object: Stripe.Review;
}

export interface WarningRecord {
  readonly account: string;
  readonly object: Stripe.Radar.EarlyFraudWarning;
}

export interface TransferRecord {
  readonly account: string;
  readonly object: Stripe.Transfer;
  /** Of its charge, or of its group; empty where there is neither. */
  readonly paymentIntentId: string;
}

export interface BalanceRecord {
  readonly account: string;
  readonly object: Stripe.BalanceTransaction;
  readonly chargeId: string;
  readonly paymentIntentId: string;
  /** The payout that took it; absent while it waits. */
  readonly payout?: string;
}

/** A line as the report tells it, which may differ from what happened. */
export interface ReportLine {
  readonly balanceTransaction: string;
  readonly created: number;
  readonly availableOn: number;
  readonly category: ReportingCategory;
  readonly source: string;
  readonly currency: string;
  readonly gross: number;
  readonly fee: number;
  readonly chargeId: string;
  readonly paymentIntentId: string;
  readonly paymentMetadata: Readonly<Record<string, string>>;
  readonly refundMetadata: Readonly<Record<string, string>>;
  readonly transferMetadata: Readonly<Record<string, string>>;
  /** The account a transfer went to, and the payment it became there. */
  readonly connectedAccount: string;
  readonly destinationPayment: string;
}

export interface PayoutRecord {
  readonly account: string;
  readonly object: Stripe.Payout;
  readonly lines: readonly ReportLine[];
}

export interface ReportRecord {
  readonly account: string;
  readonly object: Stripe.Reporting.ReportRun;
  /** What its file lists, fixed when it was finished: a file never changes. */
  readonly payouts?: readonly string[];
}

export interface EventRecord {
  readonly account: string;
  readonly object: Stripe.Event;
  /** The payment it is about, for ordering and misbehaviour. */
  readonly paymentIntentId?: string;
  readonly delivered: boolean;
  /** It will not be sent any more, though nobody acknowledged it: only the list of events still tells it. */
  readonly givenUp?: true;
}

/** One delivery that was tried. */
export interface DeliveryRecord {
  readonly account: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly paymentIntentId?: string;
  readonly attempt: number;
  readonly sha256: string;
  readonly at: string;
  /** HTTP status answered; null when nobody answered. */
  readonly status: number | null;
  readonly signedWrong: boolean;
}

/** First answer to a call with an idempotency key: frozen, whatever it was. */
export interface AnswerRecord {
  readonly digest: string;
  readonly status: number;
  readonly body: unknown;
  readonly requestId: string;
}

export const EFFECTS = [
  'authorized',
  /** An authorization grew. */
  'raised',
  'captured',
  /** A charge failed after it had succeeded. */
  'charge_failed',
  'released',
  'refunded',
  'refund_failed',
  'dispute_withdrawn',
  'dispute_fee',
  'dispute_reinstated',
  'transferred',
  'transfer_reversed',
] as const;
export type EffectKind = (typeof EFFECTS)[number];

/** What an API call did to money: the truth that tests are checked against. */
export interface EffectRecord {
  readonly account: string;
  readonly kind: EffectKind;
  readonly at: string;
  readonly paymentIntentId: string;
  readonly object: string;
  readonly amount: number;
  readonly currency: string;
  readonly idempotencyKey: string | null;
}

export interface EndpointRecord {
  readonly url: string;
  /** While a secret is rolled there are several, and each signs. */
  readonly secrets: readonly string[];
  /** Nothing is sent, and nothing will be: an outage longer than the provider's patience. */
  readonly silent: boolean;
}

export interface ScriptRecord {
  readonly steps: readonly Step[];
}

interface Records {
  intents: IntentRecord;
  charges: ChargeRecord;
  refunds: RefundRecord;
  disputes: DisputeRecord;
  reviews: ReviewRecord;
  warnings: WarningRecord;
  transfers: TransferRecord;
  balance: BalanceRecord;
  payouts: PayoutRecord;
  reports: ReportRecord;
  events: EventRecord;
  deliveries: DeliveryRecord;
  answers: AnswerRecord;
  effects: EffectRecord;
  endpoints: EndpointRecord;
  scripts: ScriptRecord;
}
export type Collection = keyof Records;
const COLLECTIONS: readonly Collection[] = [
  'intents',
  'charges',
  'refunds',
  'disputes',
  'reviews',
  'warnings',
  'transfers',
  'balance',
  'payouts',
  'reports',
  'events',
  'deliveries',
  'answers',
  'effects',
  'endpoints',
  'scripts',
];

/**
 * Everything the sandbox knows, in memory, in order of first writing. With a file, each write is appended to it before
 * it counts, and a restart reads it back. Values are replaced, never changed in place.
 */
export class Store {
  readonly #collections: { [C in Collection]: Map<string, Records[C]> } = {
    intents: new Map(),
    charges: new Map(),
    refunds: new Map(),
    disputes: new Map(),
    reviews: new Map(),
    warnings: new Map(),
    transfers: new Map(),
    balance: new Map(),
    payouts: new Map(),
    reports: new Map(),
    events: new Map(),
    deliveries: new Map(),
    answers: new Map(),
    effects: new Map(),
    endpoints: new Map(),
    scripts: new Map(),
  };
  readonly #file: number | undefined;

  constructor(path?: string) {
    if (path === undefined) return;
    if (existsSync(path)) this.#load(path);
    this.#file = openSync(path, 'a', 0o600);
  }

  get<C extends Collection>(collection: C, id: string): Records[C] | undefined {
    return this.#collections[collection].get(id);
  }

  all<C extends Collection>(collection: C): readonly Records[C][] {
    return [...this.#collections[collection].values()];
  }

  count(collection: Collection): number {
    return this.#collections[collection].size;
  }

  put<C extends Collection>(collection: C, id: string, value: Records[C]): void {
    if (this.#file !== undefined) {
      writeSync(this.#file, `${JSON.stringify([collection, id, value])}\n`);
    }
    this.#collections[collection].set(id, value);
  }

  close(): void {
    if (this.#file === undefined) return;
    fsyncSync(this.#file);
    closeSync(this.#file);
  }

  #load(path: string): void {
    const text = readFileSync(path, 'utf8');
    // A process killed while it wrote leaves half a line, whose call was never answered: it did not happen.
    const complete = text.slice(0, text.lastIndexOf('\n') + 1);
    if (complete.length < text.length) truncateSync(path, Buffer.byteLength(complete));
    for (const line of complete.split('\n')) {
      if (line !== '') this.#restore(JSON.parse(line) as [Collection, string, unknown]);
    }
  }

  #restore([collection, id, value]: [Collection, string, unknown]): void {
    if (!COLLECTIONS.includes(collection)) {
      throw new Error(
        `the data file holds "${collection}", which this version doesn't know: remove it`,
      );
    }
    const records: Map<string, unknown> = this.#collections[collection];
    records.set(id, value);
  }
}
