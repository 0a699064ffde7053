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
export const WEBHOOKS_SOURCE = 'webhook-ingest/webhooks';

/** A stored webhook and where it stands in the evidence log. */
export interface Stored {
  readonly evidence: Evidence;
  /** As received, or as an operator mended it. */
  readonly body: Buffer;
  readonly lane: number;
  readonly position: bigint;
}

/** A fact of a payment, before it has a version in that payment's stream. */
export interface MappedFact {
  readonly paymentId: string;
  readonly fact: Fact;
  readonly evidence: Evidence;
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

/** One webhook, read. `paymentOf` is what we know of gateway ids; a body that names our payment needs none. */
export function read(
  stored: Stored,
  mode: 'test' | 'live',
  paymentOf: (reference: string) => string | undefined,
): Reading {
  const { evidence, body } = stored;
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
      const facts = mapped.facts.map((fact) => ({ paymentId, fact, evidence }));
      return { outcome: 'facts', eventType, paymentId, facts };
    }
  }
}

/** The message of a fact. Twice the same fact, read from other bytes of the same event, is the same content. */
export function toAppend({ paymentId, fact, evidence }: MappedFact, version: number): Append {
  const wire = toWireFact(fact);
  const { id, account, eventId, sha256 } = evidence;
  return {
    lane: partitionOf(paymentId),
    stream: paymentId,
    expectedVersion: version,
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

/** The id follows from the evidence: parked twice is parked once. */
export function toParked(
  { evidence, body, lane, position }: Stored,
  parking: { kind: NewParked['kind']; stage: string; error: string; reference?: string },
): NewParked {
  return {
    id: stableId('prk', WEBHOOKS_SOURCE, evidence.id),
    source: WEBHOOKS_SOURCE,
    partition: lane,
    offset: position,
    key: null,
    value: body,
    headers: { evidence: canonicalJson(evidence) },
    ...parking,
  };
}
