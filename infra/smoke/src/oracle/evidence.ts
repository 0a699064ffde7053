import type { LogPlace } from './places.js';

/*
 * What was gathered: plain data, decoded and not yet judged. Digests are hex. Positions and offsets fit in a number.
 */

/** One row of a log. */
export interface StoredRow {
  readonly lane: number;
  readonly position: number;
  readonly stream: string;
  readonly version: number;
  readonly id: string;
  readonly type: string;
  readonly digest: string;
  /** What its columns give. */
  readonly recomputed: string;
}

export interface StoredBlock {
  readonly lane: number;
  readonly first: number;
  readonly count: number;
  readonly hash: string;
  readonly previous: string;
}

export interface LaneHead {
  readonly lane: number;
  readonly next: number;
  readonly hash: string;
}

export interface LogEvidence {
  readonly place: LogPlace;
  /** In order of lane and position. */
  readonly rows: readonly StoredRow[];
  /** In order of lane and first position. */
  readonly blocks: readonly StoredBlock[];
  readonly heads: readonly LaneHead[];
}

/** One message of a log's topic. */
export interface TopicMessage {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | undefined;
  /** What its headers say of the row; undefined where it does not say that it is one. */
  readonly row: (StoredRow & { readonly time: string }) | undefined;
}

export interface TopicEvidence {
  readonly topic: string;
  readonly partitions: number;
  /** In order of offsets within each partition. */
  readonly messages: readonly TopicMessage[];
}

/** A webhook that webhook-ingest keeps. */
export interface StoredWebhook {
  readonly id: string;
  readonly account: string;
  readonly eventId: string | undefined;
  /** As the chained row says. */
  readonly sha256: string;
  /** Of the body that lies beside it; undefined when there is none. */
  readonly bodySha256: string | undefined;
  /** What became of it; undefined: nobody has looked yet. */
  readonly outcome: string | undefined;
}

/** A fact that webhook-ingest read from evidence. */
export interface ToldFact {
  readonly id: string;
  readonly paymentId: string;
  readonly evidenceId: string;
  readonly eventId: string;
  readonly sha256: string;
}

export interface ParkedRow {
  readonly service: string;
  readonly schema: string;
  readonly id: string;
  readonly kind: string;
  readonly source: string;
  readonly key: string | undefined;
  readonly error: string;
  readonly status: string;
  /** Of a parked webhook. */
  readonly evidenceId: string | undefined;
}

/** A message of intent's log. */
export interface IntentMessage {
  readonly paymentId: string;
  readonly type: string;
  readonly data: {
    readonly orderId?: string;
    readonly kind?: string;
    readonly operation?: string;
    readonly reference?: string;
    readonly reason?: string;
    readonly fact?: { readonly id?: string };
  };
}

/** A payment's state as payment-state tells it. */
export interface PaymentState {
  readonly label: string;
  readonly final: boolean;
  readonly held: boolean;
  readonly unresolved: readonly string[];
  readonly currency?: string;
  readonly terms?: {
    readonly storefront: string;
    readonly orderId: string;
    readonly attempt: number;
    readonly captureMode: string;
    readonly account: string;
    readonly amount: { readonly minor: string; readonly currency: string };
  };
  /** In place of terms: nobody asked us for it, the gateway told. */
  readonly origin?: { readonly object: string };
  readonly amounts: Readonly<Record<'authorized' | 'captured' | 'refunded' | 'voided', string>> & {
    readonly disputed?: string;
    readonly chargedBack?: string;
  };
  readonly operations: readonly {
    readonly id: string;
    readonly kind: string;
    readonly status: string;
    readonly amount?: { readonly minor: string };
  }[];
  readonly anomalies: readonly { readonly kind: string }[];
}

export interface VersionedState {
  readonly paymentId: string;
  readonly version: number;
  readonly state: PaymentState;
}

/** A decision about goods, as the topic tells it. */
export interface GoodsDecision {
  readonly id: string;
  readonly place: string;
  readonly type: string;
  readonly time: string;
  readonly paymentId: string;
  readonly storefront: string;
  readonly orderId: string;
  readonly part: string;
  readonly reason: string;
}

/** How far a service's own copy of a payment's state has come. */
export interface StateCopy {
  readonly service: string;
  readonly paymentId: string;
  readonly version: number;
}

export interface LedgerLine {
  readonly account: string;
  readonly side: string;
  readonly minor: string;
}

export interface LedgerEntry {
  readonly entryId: string;
  readonly paymentId: string | undefined;
  readonly currency: string;
  readonly lines: readonly LedgerLine[];
}

export interface LedgerBalance {
  readonly account: string;
  readonly currency: string;
  readonly minor: string;
}

/** What the gateway knows of one PaymentIntent, from the calls it received. */
export interface TrueIntent {
  readonly id: string;
  readonly account: string;
  readonly status: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly captureMethod: string;
  readonly cancellationReason: string | null;
  readonly currency: string;
  readonly amount: number;
  readonly amountReceived: number;
  readonly amountCapturable: number;
  readonly amountRefunded: number;
  readonly amountReleased: number;
  readonly authorizations: number;
  readonly captures: number;
  readonly charges: readonly { readonly id: string; readonly status: string }[];
  readonly refunds: readonly {
    readonly id: string;
    readonly status: string;
    readonly amount: number;
    readonly metadata: Readonly<Record<string, string>>;
  }[];
  readonly transfers: readonly {
    readonly id: string;
    readonly amount: number;
    readonly reversed: number;
    readonly metadata: Readonly<Record<string, string>>;
  }[];
  readonly disputes: readonly {
    readonly id: string;
    readonly status: string;
    readonly withdrawn: number;
    readonly reinstated: number;
  }[];
}

/** What a call did to money at the gateway. */
export interface TrueEffect {
  readonly kind: string;
  readonly at: string;
  readonly paymentIntentId: string;
  readonly object: string;
  readonly amount: number;
  readonly idempotencyKey: string | null;
}

/** One webhook that the gateway sent. */
export interface TrueDelivery {
  readonly eventId: string;
  readonly eventType: string;
  readonly sha256: string;
  readonly at: string;
  readonly status: number | null;
  readonly signedWrong: boolean;
}

export interface Truth {
  readonly intents: readonly TrueIntent[];
  readonly effects: readonly TrueEffect[];
  readonly deliveries: readonly TrueDelivery[];
}

/** What still moves, or waits, in one service. */
export interface ServiceMotion {
  readonly service: string;
  readonly lanes: readonly {
    readonly schema: string;
    readonly lane: number;
    readonly next: number;
    readonly relayed: number;
    /** Offset in the topic after the last message that the relay knows of. */
    readonly topicEnd: number;
  }[];
  readonly offsets: readonly {
    readonly source: string;
    readonly partition: number;
    readonly next: number;
  }[];
  /** Parked rows that are ready to be taken again. */
  readonly ready: number;
  /** Payments that something is still to be done about, each with what it waits for. */
  readonly due: readonly string[];
}

export interface Motion {
  /** Webhooks that nobody has acknowledged. */
  readonly pendingWebhooks: number;
  /** Topic → where each partition ends. */
  readonly ends: ReadonlyMap<string, readonly number[]>;
  readonly services: readonly ServiceMotion[];
}

/** What a rebuild of payment-state's read model found. */
export interface Rebuilt {
  readonly from: 'postgres' | 'kafka';
  /** Undefined: it gave no answer, `said` is why. */
  readonly equal: boolean | undefined;
  readonly said: readonly string[];
}

/** Everything of one moment. */
export interface Evidence {
  readonly logs: readonly LogEvidence[];
  readonly topics: readonly TopicEvidence[];
  readonly webhooks: readonly StoredWebhook[];
  readonly facts: readonly ToldFact[];
  readonly parked: readonly ParkedRow[];
  readonly intentMessages: readonly IntentMessage[];
  /** payment-state's read model. */
  readonly projected: readonly VersionedState[];
  /** The state in each payment's last event, by the log and by the topic. */
  readonly lastInLog: readonly VersionedState[];
  readonly lastInTopic: readonly VersionedState[];
  readonly copies: readonly StateCopy[];
  readonly goods: readonly GoodsDecision[];
  readonly entries: readonly LedgerEntry[];
  readonly publishedEntries: readonly LedgerEntry[];
  readonly balances: readonly LedgerBalance[];
  readonly truth: Truth;
  readonly motion: Motion;
  readonly rebuilt: readonly Rebuilt[];
}
