import type { Fact } from '@paylog/payment-domain';
import type { GatewayAccount, GatewayName, Mode } from './accounts.js';
import type { Verified } from './signed.js';

/** One request of a gateway, as it came. */
export interface WebhookDelivery {
  /** Before any decoding: these bytes were signed. */
  readonly body: Buffer;
  /** Names in lower case, as Node gives them. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** RFC 3339: when it arrived. A replay from evidence passes the stored time, not the present one. */
  readonly receivedAt: string;
}

export type WebhookVerdict =
  /** `secretName`: which of the account's secrets vouches for it; several, where one body has several signatures. */
  | { readonly valid: true; readonly secretName: string }
  /** `again`: nobody could judge it now (a certificate can't be had). The gateway is asked to come again. */
  | { readonly valid: false; readonly reason: string; readonly again?: true };

/** What makes a delivery the same one when it is sent again. */
export interface WebhookIdentity {
  /** The gateway's id of what it tells, or of the delivery where that tells several; null where the body doesn't say. */
  readonly eventId: string | null;
  /**
   * The gateway sends one body under this id, for ever: another body is set apart. Only where the signature leaves room
   * for another body.
   */
  readonly transmissionId?: string;
}

export interface ReadingContext {
  readonly account: string;
  readonly mode: Mode;
  /** What we know of gateway ids. A body that names our payment needs none. */
  readonly paymentOf: (reference: string) => string | undefined;
}

interface Item extends Alone {
  readonly eventId: string;
  readonly eventType: string;
}

/** One thing a delivery tells. Bodies of some gateways hold many: each is read, stored and parked on its own. */
export type WebhookItem =
  | (Item & {
      readonly kind: 'facts';
      readonly paymentId: string;
      readonly facts: readonly Fact[];
      /** The signature doesn't cover what they say: intent asks the gateway before anybody counts them. */
      readonly unconfirmed?: true;
      /** Gateway ids that lead to this payment, beside those of alias facts. Signed ones only. */
      readonly references?: readonly string[];
    })
  /** About a payment, but it doesn't say which: one of these ids leads there, by a reference known later. */
  | (Item & {
      readonly kind: 'unresolved';
      readonly references: readonly string[];
      /** As above: no payment may be made of these ids. */
      readonly unconfirmed?: true;
    })
  /** Stored and counted; no facts in it. */
  | (Item & { readonly kind: 'ignored'; readonly reason: string })
  /** Signed, and not what we can read. `path` is a JSON pointer. */
  | ({ readonly kind: 'unreadable'; readonly path: string; readonly error: string } & Alone);

interface Alone {
  /** A body with this item only, for the parked row of one of many. Absent: the delivery holds nothing else. */
  readonly alone?: () => Buffer;
}

/** What we answer. A refusal never says why: who can't sign is told nothing. */
export interface Acknowledgement {
  readonly accepted: number;
  readonly refused: number;
}

/** In words, for the table of the README. */
export interface WebhooksInWords {
  readonly covers: string;
  /** What an event may say of money. */
  readonly money: string;
  readonly things: 'one' | 'many';
  /** What a delivery is known by, beside its account. */
  readonly knownBy: string;
}

/** What a gateway's webhooks are made of. All pure, but for certificates that a verifier may have to fetch. */
export interface Webhooks {
  readonly gateway: GatewayName;
  /** Headers that a signature needs to be checked again: kept before all others. */
  readonly headers: readonly string[];
  /** Of those, what vouches for other bodies too: kept as evidence, and shown to nobody. */
  readonly secretHeaders?: readonly string[];
  readonly acknowledgement: Acknowledgement;
  readonly inWords: WebhooksInWords;
  verify(
    delivery: WebhookDelivery,
    account: GatewayAccount,
  ): WebhookVerdict | Promise<WebhookVerdict>;
  /** Of a verified delivery. */
  identify(delivery: Pick<WebhookDelivery, 'body' | 'headers'>): WebhookIdentity;
  /** What it tells, item by item; never empty. */
  read(body: Verified, context: ReadingContext): readonly WebhookItem[];
}

/** One header; sent several times, it is one list. */
export function headerOf(headers: WebhookDelivery['headers'], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join() : value;
}
