import { createHash } from 'node:crypto';
import { canonicalJson, factId, toWireFact } from '@paylog/contracts';
import type { Fact, RetractionFact } from '@paylog/payment-domain';
import type { Evidence } from '../ingest/evidence.js';
import { type MappedFact, toAppend } from '../mapping/map-evidence.js';

/** A fact that stands in the log, told by webhooks of one event. */
export interface StandingFact {
  readonly paymentId: string;
  readonly fact: Fact;
}

/** What today's mapping of an event would change. */
export interface Difference {
  /** No longer told: retracted, each with the added fact that takes its place, where there is one. */
  readonly retract: readonly (StandingFact & { readonly successor?: string })[];
  /** Told now, and not before. */
  readonly add: readonly MappedFact[];
  /** Why it can't be appended: an id stands for one content for ever. */
  readonly conflicts: readonly string[];
}

/**
 * Compared by what facts say, not by their ids: a raised `MAPPING_VERSION` alone changes nothing. `told`: ids of facts that
 * are in the log, standing or retracted.
 */
export function differenceOf(
  standing: readonly StandingFact[],
  today: readonly MappedFact[],
  told: ReadonlySet<string>,
): Difference {
  const before = new Map(standing.map((each) => [saying(each), each]));
  const now = new Map(today.map((each) => [saying(each), each]));
  const add = [...now].filter(([says]) => !before.has(says)).map(([, each]) => each);
  const retract = [...before]
    .filter(([says]) => !now.has(says))
    .map(([, each]) => {
      const successor = add.find((one) => one.paymentId === each.paymentId && replaces(one, each));
      return { ...each, ...(successor && { successor: successor.fact.id }) };
    });
  const standingIds = new Set(standing.map(({ fact }) => fact.id));
  return {
    retract,
    // What was told once and retracted since stays so: somebody knew better.
    add: add.filter(({ fact }) => !told.has(fact.id)),
    conflicts: add
      .filter(({ fact }) => standingIds.has(fact.id))
      .map(({ fact }) => `${fact.id} stands with other content: raise MAPPING_VERSION`),
  };
}

/** What a fact says, and of which payment. */
function saying({ paymentId, fact }: StandingFact): string {
  const { id: _id, ...says } = toWireFact(fact);
  return `${paymentId} ${canonicalJson(says)}`;
}

/** The same operation, case or name, told otherwise. */
function replaces({ fact: now }: MappedFact, { fact: before }: StandingFact): boolean {
  return subjectOf(now) === subjectOf(before);
}

function subjectOf(fact: Fact): string {
  switch (fact.type) {
    case 'operation':
      return `operation ${fact.kind} ${fact.operation}`;
    case 'dispute':
      return `dispute ${fact.dispute} ${fact.stage}`;
    case 'alias':
      return `alias ${fact.alias}`;
    case 'total':
      return `total ${fact.object}`;
    default:
      return `${fact.type} ${fact.id}`;
  }
}

export interface Remapping {
  readonly operator: string;
  readonly reason: string;
  readonly at: string;
}

/** The retraction of a fact: the same one however often it is made, so that a run that died can be repeated. */
export function retractionOf(
  { paymentId, fact, successor }: Difference['retract'][number],
  evidence: Evidence,
  { operator, reason, at }: Remapping,
): MappedFact {
  const retraction: RetractionFact = {
    type: 'retraction',
    id: factId('remapped', fact.id),
    at,
    source: 'operator',
    retracts: fact.id,
    reason: `remapped by ${operator}: ${reason}`.slice(0, REASON_CHARS_MAX),
    ...(successor !== undefined && { successor }),
  };
  const told = { paymentId, eventId: evidence.eventId ?? evidence.id };
  const append = toAppend(told, retraction, evidence);
  const contentDigest = createHash('sha256').update(`remapped ${fact.id}`).digest();
  return { paymentId, fact: retraction, append: { ...append, contentDigest } };
}

const REASON_CHARS_MAX = 200;
