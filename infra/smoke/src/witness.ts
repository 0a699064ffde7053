/**
 * All that the oracle may look at: addresses, keys, and what was acknowledged. Plain data: nothing in here knows how
 * the services work.
 */
export interface Witness {
  readonly brokers: readonly string[];
  /** A superuser's URL of each service's database, by the service's name. */
  readonly databases: Readonly<Record<string, string>>;
  readonly sandboxUrl: string;
  /** Every process of each service. */
  readonly serviceUrls: Readonly<Record<string, readonly string[]>>;
  /** The storefront's key, and one with the scope `operations`. */
  readonly apiKey: string;
  readonly operatorKey: string;
  readonly acked: Acked;
  readonly excuses: readonly Excuse[];
  /** The folder that holds `services/`, built: its rebuild is run. */
  readonly code: string;
  /** What a program of `payment-state` needs beside DATABASE_URL, DATABASE_OWNER_URL and KAFKA_BROKERS. */
  readonly environment: Readonly<Record<string, string>>;
  /** `payment-state`, as the service itself and as its database's owner, for its rebuild. */
  readonly rebuild: { readonly url: string; readonly ownerUrl: string };
}

/** Everything that was answered 2xx, or acknowledged by Kafka, and when. Times are Unix milliseconds. */
export interface Acked {
  readonly webhooks: AckedWebhook[];
  readonly orders: AckedOrder[];
  readonly requests: AckedRequest[];
}

/** A webhook that was answered 200. Those of the sandbox itself are in its list of deliveries instead. */
export interface AckedWebhook {
  /** Of the body's bytes, in hex. */
  readonly sha256: string;
  /** Where it was posted. */
  readonly url: string;
  readonly at: number;
}

/** An order that was taken: its payment must come to an end. */
export interface AckedOrder {
  readonly orderId: string;
  readonly attempt: number;
  readonly paymentId: string;
  readonly channel: Channel;
  readonly at: number;
}

/** What a storefront asked for later and was promised: it must be done, or refused with a reason. */
export interface AckedRequest {
  readonly kind: 'capture' | 'refund' | 'void' | 'cancel';
  readonly orderId: string;
  readonly attempt: number;
  readonly paymentId: string;
  /** Unique a payment; a `void` and a `cancel` have none. */
  readonly reference?: string;
  readonly channel: Channel;
  readonly at: number;
}

/** A storefront's request is acknowledged by a 2xx answer, or by the broker with acks from every replica. */
export type Channel = 'http' | 'kafka';

/**
 * Evidence that a service's database was put back behind: what it acknowledged between the two times may be missing.
 * The facts it had published in that time may not.
 */
export interface Excuse {
  readonly service: 'webhook-ingest';
  /** Unix milliseconds: the snapshot, and the moment it was put back. */
  readonly from: number;
  readonly to: number;
}

/** What the oracle found broken: a name that stays the same from run to run, and where to look. */
export interface Violation {
  readonly invariant: Invariant;
  /** At most five, each readable alone: which payment, row or webhook, what was expected, what was found. */
  readonly examples: readonly string[];
}

/** Every promise that the oracle holds the system to. */
export const INVARIANTS = [
  'acked-webhook-stored',
  'stored-webhook-applied',
  'acked-order-answered',
  'captured-once',
  'refunded-once',
  'released-once',
  'released-after-capture',
  'released-when-paid',
  'versions-gapless',
  'positions-gapless',
  'chains-verify',
  'log-equals-topic',
  'live-equals-rebuilt',
  'ledger-balanced',
  'nothing-stuck',
  'nothing-parked',
  'state-as-the-gateway-says',
  'services-recover',
] as const;
export type Invariant = (typeof INVARIANTS)[number];
