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
import { parseBody, toFacts } from '@paylog/gateways';
import type { Fact } from '@paylog/payment-domain';
import type { Evidence } from '../ingest/evidence.js';

/** Where evidence is parked: its dead-letter topic is `webhooks.webhook-ingest.dead-letter`. */
export const WEBHOOKS_GROUP = 'webhook-ingest';
const WEBHOOKS_SOURCE = `${WEBHOOKS_GROUP}/webhooks`;

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

export type Reading =
  | {
      readonly outcome: 'facts';
      readonly eventType: string;
      readonly paymentId: string;
      readonly facts: readonly MappedFact[];
    }
  | { readonly outcome: 'ignored'; readonly eventType: string }
  | {
      readonly outcome: 'unresolved';
      readonly eventType: string;
      readonly references: readonly string[];
    }
  | { readonly outcome: 'unreadable'; readonly error: string };

/**
 * One webhook, read. `paymentOf` is what we know of gateway ids; a body that names our payment needs none. Never throws:
 * the same bytes would fail for ever, and must not hold up what comes after them.
 */
export function read(
  stored: Stored,
  mode: 'test' | 'live',
  paymentOf: (reference: string) => string | undefined,
): Reading {
  try {
    const reading = readBody(stored, mode, paymentOf);
    const bad = textsKept(reading)
      .map(whyNotKept)
      .find((why) => why !== undefined);
    return bad === undefined ? reading : { outcome: 'unreadable', error: bad };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { outcome: 'unreadable', error: `what it says can't be told: ${reason}` };
  }
}

function readBody(
  { evidence, body }: Stored,
  mode: 'test' | 'live',
  paymentOf: (reference: string) => string | undefined,
): Reading {
  if (body === null)
    return { outcome: 'unreadable', error: 'its body is gone: redacted or expired' };
  const parsed = parseBody(body);
  if (!parsed.ok) return { outcome: 'unreadable', error: parsed.error };
  const context = { account: evidence.account, mode };
  let mapped = toFacts(parsed.value, context);
  if (mapped.kind === 'unresolved') {
    const known = mapped.references.map(paymentOf).find((each) => each !== undefined);
    if (known !== undefined) mapped = toFacts(parsed.value, { ...context, paymentId: known });
  }
  switch (mapped.kind) {
    case 'unreadable':
      return { outcome: 'unreadable', error: `${mapped.path || 'the body'} ${mapped.error}` };
    case 'ignored':
      return { outcome: 'ignored', eventType: mapped.eventType };
    case 'unresolved':
      return { outcome: 'unresolved', eventType: mapped.eventType, references: mapped.references };
    case 'facts': {
      const { paymentId, eventType } = mapped;
      const facts = mapped.facts.map((fact) => ({
        paymentId,
        fact,
        append: toAppend(paymentId, fact, evidence),
      }));
      return { outcome: 'facts', eventType, paymentId, facts };
    }
  }
}

/**
 * What a flush keeps of a reading beside its rows, and asks the database for: refused there, it would be refused for all
 * that are read with it, again and again. Facts are not encoded with such texts, and those of parked rows are mended.
 */
function textsKept(reading: Reading): readonly string[] {
  if (reading.outcome === 'ignored') return [reading.eventType];
  return reading.outcome === 'unresolved' ? [reading.eventType, ...reading.references] : [];
}

function whyNotKept(text: string): string | undefined {
  if (text.isWellFormed() && !text.includes('\u0000')) return undefined;
  return `an id or type holds U+0000 or a lone surrogate: ${JSON.stringify(text).slice(0, 60)}`;
}

/** The message of a fact. Twice the same fact, read from other bytes of the same event, is the same content. */
function toAppend(paymentId: string, fact: Fact, evidence: Evidence): MappedFact['append'] {
  const wire = toWireFact(fact);
  const { id, account, eventId, sha256 } = evidence;
  return {
    lane: partitionOf(paymentId),
    stream: paymentId,
    key: fact.id,
    contentDigest: createHash('sha256').update(canonicalJson(wire)).digest(),
    rows: [
      {
        id: fact.id,
        type: 'FactRecorded',
        schemaVersion: 1,
        source: `webhook-ingest/${account}`,
        time: fact.at,
        data: encode(GATEWAY_NOTIFICATIONS, 'FactRecorded', {
          paymentId,
          fact: wire,
          evidence: { id, account, eventId: eventId ?? id, sha256 },
        }),
        correlationId: paymentId,
        causationId: id,
      },
    ],
  };
}

/** The id of a parked webhook follows from the evidence: parked twice is parked once. */
export const parkedId = ({ id }: Evidence): string => stableId('prk', WEBHOOKS_SOURCE, id);

/** The row that waits for a person or for a payment; undefined for what needs none. */
export function toParked(
  { evidence, body, lane, position }: Stored,
  reading: Reading,
): NewParked | undefined {
  const row = {
    id: parkedId(evidence),
    source: WEBHOOKS_SOURCE,
    partition: lane,
    offset: position,
    key: null,
    value: body,
    headers: { evidence: canonicalJson(evidence) },
  };
  switch (reading.outcome) {
    case 'unreadable':
      return { ...row, kind: 'poison', stage: 'map', error: reading.error };
    case 'unresolved': {
      const [reference] = reading.references;
      const error = `no payment is known yet for ${reading.references.join(', ')}`;
      return {
        ...row,
        kind: 'unresolved',
        stage: 'resolve',
        error,
        ...(reference !== undefined && { reference }),
      };
    }
    case 'facts':
    case 'ignored':
      return undefined;
  }
}
