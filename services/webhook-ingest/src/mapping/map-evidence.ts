import { createHash } from 'node:crypto';
import {
  canonicalJson,
  encode,
  GATEWAY_NOTIFICATIONS,
  partitionOf,
  stableId,
  toWireFact,
} from '@paylog/contracts';
import type { Append, NewParked } from '@paylog/event-sourcing';
import { verified, type WebhookItem, webhooksOf } from '@paylog/gateways';
import type { Fact } from '@paylog/payment-domain';
import type { Evidence } from '../ingest/evidence.js';

/** Where evidence is parked: its dead-letter topic is `webhooks.webhook-ingest.dead-letter`. */
export const WEBHOOKS_GROUP = 'webhook-ingest';
/** Of a parked row that holds one of many things its delivery told: which, of how many. */
export const ITEM_HEADER = 'item';
/** Group and topic, as of other parked rows; there is no topic of that name. */
export const WEBHOOKS_SOURCE = `${WEBHOOKS_GROUP}/webhooks`;

/** A stored webhook and where it stands in the evidence log. */
export interface Stored {
  readonly evidence: Evidence;
  /** As received, or as an operator mended it; null when it is gone (redacted, expired). */
  readonly body: Buffer | null;
  readonly lane: number;
  readonly position: bigint;
}

/** A fact of a payment and its message, which has a version only in that payment's stream. */
export interface MappedFact {
  readonly paymentId: string;
  readonly fact: Fact;
  readonly append: Omit<Append, 'expectedVersion'>;
}

/** Which of the things that one delivery tells; bodies of some gateways hold many. */
interface OfDelivery {
  /** From 0, in the order of the body. */
  readonly ordinal: number;
  readonly count: number;
  /** A body with this one only, for its parked row. Absent: the delivery's own. */
  readonly alone?: () => Buffer;
}

type Outcome =
  | {
      readonly outcome: 'facts';
      readonly eventType: string;
      readonly paymentId: string;
      readonly facts: readonly MappedFact[];
      /** Gateway ids that lead to the payment from now on. */
      readonly references: readonly string[];
    }
  | { readonly outcome: 'ignored'; readonly eventType: string }
  | {
      readonly outcome: 'unresolved';
      readonly eventType: string;
      readonly references: readonly string[];
      /** No signature covers these ids: they may lead to a payment, but none is made of them. */
      readonly unconfirmed?: true;
    }
  | { readonly outcome: 'unreadable'; readonly error: string; readonly stage?: 'quarantine' };

/** What became of one thing that a delivery tells. */
export type Reading = Outcome & OfDelivery;

type PaymentOf = (reference: string) => string | undefined;

/**
 * One webhook, read: at least one reading. `paymentOf` is what we know of gateway ids; a body that names our payment needs
 * none. Never throws: the same bytes would fail for ever, and must not hold up what comes after them. Nor does one thing
 * that can't be read hold up the others of its delivery.
 */
export function read(
  stored: Stored,
  mode: 'test' | 'live',
  paymentOf: PaymentOf,
): readonly Reading[] {
  const { evidence } = stored;
  const items = attempt<readonly WebhookItem[]>(() => itemsIn(stored, mode, paymentOf));
  if ('error' in items) return [{ ...items, outcome: 'unreadable', ordinal: 0, count: 1 }];
  return items.value.map((item, ordinal) => {
    const { alone } = item;
    const which = { ordinal, count: items.value.length, ...(alone && { alone }) };
    const outcome = attempt(() => outcomeOf(item, evidence));
    if ('error' in outcome) return { ...outcome, outcome: 'unreadable', ...which };
    const bad = textsKept(outcome.value)
      .map(whyNotKept)
      .find((why) => why !== undefined);
    if (bad !== undefined) return { outcome: 'unreadable', error: bad, ...which };
    return { ...outcome.value, ...which };
  });
}

type Attempt<T> = { readonly value: T } | { readonly error: string; readonly stage?: 'quarantine' };

function attempt<T>(work: () => Attempt<T>): Attempt<T> {
  try {
    return work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { error: `what it says can't be told: ${reason}` };
  }
}

function itemsIn(
  { evidence, body }: Stored,
  mode: 'test' | 'live',
  paymentOf: PaymentOf,
): Attempt<readonly WebhookItem[]> {
  if (body === null) return { error: 'its body is gone: redacted or expired' };
  if (evidence.quarantine !== undefined) {
    return {
      error: 'its transmission came before with another body: one of the two was forged',
      stage: 'quarantine',
    };
  }
  const { account, gateway } = evidence;
  return { value: webhooksOf(gateway).read(verified(body), { account, mode, paymentOf }) };
}

function outcomeOf(item: WebhookItem, evidence: Evidence): Attempt<Outcome> {
  switch (item.kind) {
    case 'unreadable':
      return { error: `${item.path || 'the body'} ${item.error}` };
    case 'ignored':
      return { value: { outcome: 'ignored', eventType: item.eventType } };
    case 'unresolved': {
      const { eventType, references, unconfirmed } = item;
      return {
        value: {
          outcome: 'unresolved',
          eventType,
          references,
          ...(unconfirmed && { unconfirmed }),
        },
      };
    }
    case 'facts': {
      const { paymentId, eventType } = item;
      const facts = item.facts.map((fact) => ({
        paymentId,
        fact,
        append: toAppend(item, fact, evidence),
      }));
      // What the signature doesn't cover teaches nothing: it could lead others' webhooks astray.
      const references = item.unconfirmed ? [] : [...aliasesIn(item), ...(item.references ?? [])];
      return { value: { outcome: 'facts', eventType, paymentId, facts, references } };
    }
  }
}

const aliasesIn = ({ facts }: Extract<WebhookItem, { kind: 'facts' }>): string[] =>
  facts.flatMap((fact) => (fact.type === 'alias' ? fact.alias : []));

/**
 * What a flush keeps of a reading beside its rows, and asks the database for: refused there, it would be refused for all
 * that are read with it, again and again. Facts are not encoded with such texts, and those of parked rows are mended.
 */
function textsKept(outcome: Outcome): readonly string[] {
  if (outcome.outcome === 'unreadable') return [];
  if (outcome.outcome === 'ignored') return [outcome.eventType];
  return [outcome.eventType, ...outcome.references];
}

function whyNotKept(text: string): string | undefined {
  if (text.isWellFormed() && !text.includes('\u0000')) return undefined;
  return `an id or type holds U+0000 or a lone surrogate: ${JSON.stringify(text).slice(0, 60)}`;
}

/** As long as a text in our messages may be: a body of many items may name many secrets. */
const NAMES_CHARS_MAX = 500;

/** Whose fact it is, and which event told it. */
type Told = Pick<Extract<WebhookItem, { kind: 'facts' }>, 'paymentId' | 'eventId' | 'unconfirmed'>;

/** The message of a fact. Twice the same fact, read from other bytes of the same event, is the same content. */
export function toAppend(
  { paymentId, eventId, unconfirmed }: Told,
  fact: Fact,
  evidence: Evidence,
): MappedFact['append'] {
  const wire = toWireFact(fact);
  const { id, account, sha256, receivedAt } = evidence;
  const verifiedWith = evidence.secret.slice(0, NAMES_CHARS_MAX);
  const type = unconfirmed ? 'UnconfirmedFact' : 'FactRecorded';
  return {
    lane: partitionOf(paymentId),
    stream: paymentId,
    key: fact.id,
    contentDigest: createHash('sha256').update(canonicalJson(wire)).digest(),
    rows: [
      {
        id: fact.id,
        type,
        schemaVersion: 1,
        source: `webhook-ingest/${account}`,
        time: fact.at,
        data: encode(GATEWAY_NOTIFICATIONS, type, {
          paymentId,
          fact: wire,
          evidence: { id, account, eventId, sha256, receivedAt, verifiedWith },
        }),
        correlationId: paymentId,
        causationId: id,
      },
    ],
  };
}

/** The id of a parked webhook follows from the evidence: parked twice is parked once. */
export const parkedId = ({ id }: Evidence, { ordinal, count }: OfDelivery): string =>
  count === 1
    ? stableId('prk', WEBHOOKS_SOURCE, id)
    : stableId('prk', WEBHOOKS_SOURCE, id, String(ordinal));

/** The row that waits for a person or for a payment; undefined for what needs none. */
export function toParked(
  { evidence, body, lane, position }: Stored,
  reading: Reading,
): NewParked | undefined {
  if (reading.outcome === 'facts' || reading.outcome === 'ignored') return undefined;
  const { ordinal, count, alone } = reading;
  const row = {
    id: parkedId(evidence, reading),
    source: WEBHOOKS_SOURCE,
    partition: lane,
    offset: position,
    key: null,
    value: alone === undefined ? body : alone(),
    headers: {
      evidence: canonicalJson(evidence),
      ...(count > 1 && { [ITEM_HEADER]: `${ordinal + 1}/${count}` }),
    },
  };
  if (reading.outcome === 'unreadable') {
    const { stage = 'map', error } = reading;
    return { ...row, kind: 'poison', stage, error };
  }
  // A row that goes by no reference is never taken for a payment that nobody asked us for.
  const [reference] = reading.unconfirmed ? [] : reading.references;
  const error = `no payment is known yet for ${reading.references.join(', ')}`;
  return {
    ...row,
    kind: 'unresolved',
    stage: 'resolve',
    error,
    ...(reference !== undefined && { reference }),
  };
}
