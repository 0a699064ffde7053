import { fromWireFact } from '@paylog/contracts';
import { type EventLog, LogFault } from '@paylog/event-sourcing';
import type { Fact } from '@paylog/payment-domain';
import { appendInFlushes, stands } from '@paylog/service';
import type { Pool } from 'pg';
import { placeholderOf } from '../archive/redaction.js';
import { type Evidence, fromRow } from '../ingest/evidence.js';
import { type MappedFact, parkedId, type Stored } from '../mapping/map-evidence.js';
import { effectsOf, type Mapped, type Mapper, versioned } from '../mapping/mapper.js';
import { bodiesOf, knownOf } from '../mapping/mapping.sql.js';
import {
  type Difference,
  differenceOf,
  type Remapping,
  retractionOf,
  type StandingFact,
} from './difference.js';
import {
  besides,
  type EvidenceRow,
  evidenceBetween,
  type FactRow,
  factsOf,
  type Range,
} from './remap.sql.js';

export interface Place {
  readonly lane: number;
  readonly position: bigint;
}

/** Whatever is told of an event: one delivery, or its repeats in other bytes. */
export interface Remapped {
  readonly account: string;
  readonly eventId: string | null;
  readonly evidence: readonly string[];
  readonly eventTypes: readonly string[];
  readonly difference: Difference;
  /** Nothing is done about it: its body is gone or can't be read, or it names no payment of ours. */
  readonly skipped?: string;
  readonly applied: boolean;
}

export interface RemappedPage {
  /** Events that differ, or that stand and can't be looked at. */
  readonly remapped: readonly Remapped[];
  /** Pieces of evidence that were looked at. */
  readonly looked: number;
  /** Where the next page begins; absent at the end. */
  readonly next?: Place;
}

const ATTEMPTS_MAX = 50;
/** What mapping tells; where a payment was found, and what was retracted, is told by others. */
const MAPPED: readonly Fact['type'][] = ['operation', 'dispute', 'alias', 'total'];

/** Today's mapping over stored evidence: what it would say otherwise, and the retractions and additions that say so. */
export class Remap {
  constructor(
    private readonly pool: Pool,
    private readonly facts: EventLog,
    private readonly mapper: Mapper,
  ) {}

  /** One page. With `as` it is appended, each event in a commit of its own. Safe to repeat at any point. */
  async page(range: Range, after: Place, limit: number, as?: Remapping): Promise<RemappedPage> {
    const rows = await evidenceBetween(this.pool, range, after, limit);
    const last = rows.at(-1);
    if (last === undefined) return { remapped: [], looked: 0 };
    const remapped: Remapped[] = [];
    for (const event of await this.#events(rows, range)) {
      const one = await this.#remap(event, as);
      if (one) remapped.push(one);
    }
    const next = { lane: last.lane, position: last.position };
    return { remapped, looked: rows.length, ...(rows.length === limit && { next }) };
  }

  /** With their deliveries outside the page; one that has an earlier delivery in the range was looked at with that. */
  async #events(rows: readonly EvidenceRow[], range: Range): Promise<Stored[][]> {
    const here = rows.map(withEvidence);
    const others = await besides(
      this.pool,
      here.map(({ evidence }) => evidence.id),
    );
    const all = new Map(
      [...here, ...others.map(withEvidence)].map((each) => [each.evidence.id, each]),
    );
    const events = new Map<string, Evident[]>();
    for (const each of all.values()) {
      if (each.evidence.quarantine !== undefined) continue;
      const key = eventOf(each.evidence);
      events.set(key, [...(events.get(key) ?? []), each]);
    }
    const inPage = new Set(here.map(({ evidence }) => evidence.id));
    const mine = [...events.values()].filter((event) => {
      const [first] = event.filter(({ evidence }) => isIn(range, evidence)).toSorted(inOrder);
      return first !== undefined && inPage.has(first.evidence.id);
    });
    const bodies = await bodiesOf(
      this.pool,
      mine.flat().map(({ evidence }) => evidence),
    );
    return mine.map((event) =>
      event.map((each) => ({ ...each, body: readable(each.evidence, bodies) })),
    );
  }

  async #remap(event: readonly Stored[], as: Remapping | undefined): Promise<Remapped | undefined> {
    const [first] = event;
    if (first === undefined) return undefined;
    const ids = event.map(({ evidence }) => evidence.id);
    const mapped = await this.mapper.read(event);
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const { standing, told } = await this.#standing(ids, mapped, event.length);
      const unread = whyUnread(mapped);
      if (unread !== undefined && standing.length === 0) return undefined;
      const today = unread === undefined ? factsIn(mapped) : [];
      const difference =
        unread === undefined
          ? differenceOf(standing, today, told)
          : { retract: [], add: [], conflicts: [] };
      if (unread === undefined && isNothing(difference)) return undefined;
      const { account, eventId } = first.evidence;
      const eventTypes = [
        ...new Set(
          mapped.flatMap(({ reading }) => ('eventType' in reading ? reading.eventType : [])),
        ),
      ];
      const said = {
        account,
        eventId,
        evidence: ids,
        eventTypes,
        difference,
        ...(unread !== undefined && { skipped: unread }),
      };
      if (as === undefined || unread !== undefined || difference.conflicts.length > 0) {
        return { ...said, applied: false };
      }
      if (await this.#append(first.evidence, mapped, difference, as))
        return { ...said, applied: true };
    }
    throw new LogFault('contention', true, `${ATTEMPTS_MAX} appends in a row met another writer`);
  }

  /** False: another writer came between, and it must be compared again. */
  async #append(
    evidence: Evidence,
    mapped: readonly Mapped[],
    difference: Difference,
    as: Remapping,
  ) {
    const retractions = difference.retract.map((each) => retractionOf(each, evidence, as));
    const told = [...difference.add, ...retractions];
    const payments = [...new Set(told.map(({ paymentId }) => paymentId))];
    const known = await knownOf(
      this.pool,
      payments,
      told.map(({ fact }) => fact.id),
    );
    const settle = mapped.map(({ stored, reading }) => ({
      id: parkedId(stored.evidence, reading),
      status: 'applied' as const,
    }));
    const answers = await appendInFlushes(this.facts, versioned(told, known), {
      settle,
      effects: effectsOf(mapped, { settle }, true),
    });
    const refused = answers.find(
      ({ status }) => status === 'refused' || status === 'same_key_other_content',
    );
    if (refused) throw new Error(`${evidence.id} can't be mapped anew: ${JSON.stringify(refused)}`);
    return answers.every(stands);
  }

  async #standing(
    ids: readonly string[],
    mapped: readonly Mapped[],
    deliveries: number,
  ): Promise<{ standing: StandingFact[]; told: ReadonlySet<string> }> {
    const today = factsIn(mapped);
    const payments = [...new Set(today.map(({ paymentId }) => paymentId))];
    const rows = await factsOf(this.pool, ids, payments, mapped.length > deliveries);
    const all = rows.map((row) => ({ ...row, fact: factIn(row) }));
    const retracted = new Set(
      all.flatMap(({ fact }) => (fact.type === 'retraction' ? fact.retracts : [])),
    );
    const known = await knownOf(
      this.pool,
      [],
      today.map(({ fact }) => fact.id),
    );
    return {
      standing: all
        .filter(
          ({ causationId, fact }) =>
            causationId !== null &&
            ids.includes(causationId) &&
            MAPPED.includes(fact.type) &&
            !retracted.has(fact.id),
        )
        .map(({ stream, fact }) => ({ paymentId: stream, fact })),
      told: new Set([...all.map(({ fact }) => fact.id), ...known.facts]),
    };
  }
}

type Evident = Omit<Stored, 'body'>;

const withEvidence = ({ data, lane, position }: EvidenceRow): Evident => ({
  evidence: fromRow(data),
  lane,
  position,
});

/** A redacted body says nothing any more. */
function readable({ id }: Evidence, bodies: ReadonlyMap<string, Buffer>): Buffer | null {
  const body = bodies.get(id);
  return body === undefined || body.equals(placeholderOf(id)) ? null : body;
}

const eventOf = ({ id, account, eventId }: Evidence): string =>
  eventId === null ? id : `${account} ${eventId}`;

const isIn = ({ from, to }: Range, { receivedAt }: Evidence): boolean =>
  receivedAt >= from && receivedAt < to;

const inOrder = (one: Evident, other: Evident): number =>
  one.lane - other.lane || Number(one.position - other.position);

const factsIn = (mapped: readonly Mapped[]): MappedFact[] =>
  mapped.flatMap(({ reading }) =>
    reading.outcome === 'facts'
      ? reading.facts.filter(({ fact }) => MAPPED.includes(fact.type))
      : [],
  );

function whyUnread(mapped: readonly Mapped[]): string | undefined {
  for (const { reading } of mapped) {
    if (reading.outcome === 'unreadable') return reading.error;
    if (reading.outcome === 'unresolved') return 'it names no payment of ours';
  }
  return undefined;
}

const isNothing = ({ retract, add, conflicts }: Difference): boolean =>
  retract.length + add.length + conflicts.length === 0;

/** From our own log. */
function factIn({ data }: FactRow): Fact {
  const message = JSON.parse(data.toString('utf8')) as { fact: Parameters<typeof fromWireFact>[0] };
  return fromWireFact(message.fact);
}
