import {
  type Append,
  type EventLog,
  type FlushOptions,
  type FollowedBatch,
  LogFault,
  type ParkedRow,
} from '@paylog/event-sourcing';
import { declareFailpoints, failpoint } from '@paylog/failpoints';
import { counter, type Logger } from '@paylog/observability';
import { sqlState } from '@paylog/postgres';
import { appendInFlushes, stands } from '@paylog/service';
import type { Pool } from 'pg';
import { type Evidence, fromRow } from '../ingest/evidence.js';
import { factsOpen } from './facts-open.sql.js';
import {
  ITEM_HEADER,
  type MappedFact,
  parkedId,
  read,
  type Reading,
  type Stored,
  toParked,
} from './map-evidence.js';
import {
  bodiesOf,
  type FoundPayment,
  type Known,
  knownOf,
  paymentsOf,
  resolvable,
} from './mapping.sql.js';
import { withOrigin } from './origin.js';

declareFailpoints([
  'webhook-ingest.map.before',
  'webhook-ingest.map.after',
  'webhook-ingest.look-again.before',
  'webhook-ingest.look-again.after',
]);

type Evident = Omit<Stored, 'body'>;
type Input = FollowedBatch['input'];

/** One thing that a stored webhook tells. */
/** One thing that a stored webhook tells, read. */
export interface Mapped {
  readonly stored: Stored;
  reading: Reading;
}

/** Another lane's mapper wrote to the same payment in between, this often in a row at most. */
const ATTEMPTS_MAX = 50;
const SWEPT_AT_ONCE = 1_000;
/** Bodies read at once. */
const BODIES_BYTES_MAX = 8 * 1024 * 1024;

const mappedTotal = counter('paylog_evidence_total', 'Evidence by what became of it', ['outcome']);

/** Evidence → facts with a payment id, or a parked row until one is known; with the mapper's cursor in one commit. */
export class Mapper {
  /** What told us that the facts' lanes are closed: Kafka is away. */
  #closed: LogFault | undefined;

  constructor(
    private readonly pool: Pool,
    private readonly facts: EventLog,
    private readonly mode: 'test' | 'live',
    private readonly logger: Logger,
  ) {}

  /** A run of the evidence log, in as many commits as its bodies need. */
  async take(batch: FollowedBatch): Promise<'committed' | 'fenced'> {
    // Asked first after it was so once: to map a batch anew at each try would cost as much as to map it.
    if (this.#closed && !(await factsOpen(this.pool))) throw this.#closed;
    this.#closed = undefined;
    try {
      return await this.mapAll(batch);
    } catch (error) {
      if (error instanceof LogFault && error.code === 'lane_closed') this.#closed = error;
      throw error;
    }
  }

  private async mapAll({ rows, input, lane }: FollowedBatch): Promise<'committed' | 'fenced'> {
    const all = rows.map(({ data, position }) => ({ evidence: fromRow(data), lane, position }));
    let from = input.from;
    for (const some of bounded(all)) {
      const outcome = await this.mapRun(some, { ...input, from });
      if (outcome === 'fenced') return 'fenced';
      from = endOf(some);
    }
    return 'committed';
  }

  /** A webhook that the database refuses, whatever it is read with, is looked for by halves and parked: it stops nobody. */
  private async mapRun(some: readonly Evident[], input: Input): Promise<'committed' | 'fenced'> {
    const options = { input: { ...input, to: endOf(some) } };
    try {
      return await this.map(some, options);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const [only] = some;
      if (only && some.length === 1) return this.park(only, error, options);
    }
    const middle = Math.ceil(some.length / 2);
    const left = some.slice(0, middle);
    const outcome = await this.mapRun(left, input);
    if (outcome === 'fenced') return outcome;
    return this.mapRun(some.slice(middle), { ...input, from: endOf(left) });
  }

  private async park(
    evident: Evident,
    { message }: Error,
    options: FlushOptions,
  ): Promise<'committed' | 'fenced'> {
    const bodies = await bodiesOf(this.pool, [evident.evidence]);
    const stored = { ...evident, body: bodies.get(evident.evidence.id) ?? null };
    const error = `what it says can't be stored: ${message}`;
    const reading: Reading = { outcome: 'unreadable', error, ordinal: 0, count: 1 };
    return this.write([{ stored, reading }], options);
  }

  /** Parked webhooks that were mended, or whose payment has become known. */
  async replay(rows: readonly ParkedRow[]): Promise<void> {
    for (const row of rows) {
      const mapped = await this.read([storedIn(row)]);
      for (const { reading } of mapped) {
        if (reading.outcome === 'unreadable') {
          throw new Error(`${row.id} is still unreadable: ${reading.error}`);
        }
        if (reading.outcome === 'unresolved') {
          throw new Error(`${row.id} still names no payment of ours`);
        }
      }
      const settle = [{ id: row.id, status: 'applied' as const }];
      await this.write(mapped, { settle }, row.headers[ITEM_HEADER] === undefined);
    }
  }

  /** Makes ready what waits for a reference that has come; answers how many. By a clock, too, as a safety net. */
  async sweep(): Promise<number> {
    let swept = 0;
    for (;;) {
      const ids = await resolvable(this.pool, SWEPT_AT_ONCE);
      for (const id of ids) await this.facts.markReady(id);
      swept += ids.length;
      if (ids.length < SWEPT_AT_ONCE) return swept;
    }
  }

  private async map(
    some: readonly Evident[],
    options: FlushOptions,
  ): Promise<'committed' | 'fenced'> {
    const bodies = await bodiesOf(
      this.pool,
      some.map(({ evidence }) => evidence),
    );
    const mapped = await this.read(
      some.map((each) => ({ ...each, body: bodies.get(each.evidence.id) ?? null })),
    );
    const outcome = await this.write(mapped, options);
    if (outcome === 'committed') await this.lookAgain(mapped);
    return outcome;
  }

  /** As these webhooks are read today. */
  async read(stored: readonly Stored[]): Promise<Mapped[]> {
    const nothing = () => undefined;
    const first = stored.map((each) => read(each, this.mode, nothing));
    const wanted = first
      .flat()
      .flatMap((reading) => (reading.outcome === 'unresolved' ? reading.references : []));
    const { payments, found } = await paymentsOf(this.pool, wanted);
    return stored.flatMap((each, i) => {
      const unresolved = first[i]?.some(({ outcome }) => outcome === 'unresolved') ?? false;
      const readings = unresolved ? this.resolve(each, payments, found) : (first[i] ?? []);
      return readings.map((reading) => ({ stored: each, reading }));
    });
  }

  private resolve(
    stored: Stored,
    payments: ReadonlyMap<string, string>,
    found: ReadonlyMap<string, FoundPayment>,
  ): readonly Reading[] {
    const readings = read(stored, this.mode, (id) => payments.get(id));
    return readings.map((reading) => withOrigin(reading, found, this.mode, stored.evidence));
  }

  /**
   * `settle` marks a replay: what can't be stored then stays parked, and is an error. `whole`: these are all that their
   * deliveries tell, and so what became of those.
   */
  private async write(
    mapped: Mapped[],
    options: FlushOptions,
    whole = true,
  ): Promise<'committed' | 'fenced'> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const reported = mapped.flatMap(({ reading }) =>
        reading.outcome === 'facts' ? reading.facts : [],
      );
      const known = await this.known(reported);
      const appends = versioned(reported, known);
      await failpoint('webhook-ingest.map.before');
      const answers = await appendInFlushes(this.facts, appends, {
        ...options,
        parked: mapped.flatMap(({ stored, reading }) => toParked(stored, reading) ?? []),
        effects: effectsOf(mapped, options, whole),
      });
      await failpoint('webhook-ingest.map.after');
      if (answers.some(({ status }) => status === 'offset_moved')) return 'fenced';
      if (answers.every(stands)) {
        this.tell(mapped, known.orders);
        return 'committed';
      }
      answers.forEach((answer, i) => {
        if (answer.status === 'refused') setAside(mapped, options, reported[i], answer.reason);
        if (answer.status !== 'same_key_other_content') return;
        setAside(mapped, options, reported[i], 'the same fact came before with other content');
      });
    }
    const why = `${ATTEMPTS_MAX} appends in a row met another writer of the same payments`;
    throw new LogFault('contention', true, why);
  }

  private known(reported: readonly MappedFact[]): Promise<Known> {
    const payments = [...new Set(reported.map(({ paymentId }) => paymentId))];
    return knownOf(
      this.pool,
      payments,
      reported.map(({ fact }) => fact.id),
    );
  }

  /** Whoever parks, or learns what a parked one waits for, looks again after its own commit. */
  private async lookAgain(mapped: readonly Mapped[]): Promise<void> {
    const parked = mapped.filter(({ reading }) => reading.outcome === 'unresolved').length;
    if (parked === 0 && referencesIn(mapped).length === 0) return;
    await failpoint('webhook-ingest.look-again.before');
    const ready = await this.sweep();
    await failpoint('webhook-ingest.look-again.after');
    if (parked > 0) this.logger.info({ parked, ready }, 'webhooks wait for their payment');
  }

  private tell(mapped: readonly Mapped[], orders: ReadonlyMap<string, string>): void {
    for (const { stored, reading } of mapped) {
      mappedTotal.inc({ outcome: reading.outcome });
      const { id: evidenceId, eventId, account } = stored.evidence;
      const { outcome } = reading;
      const what =
        reading.outcome === 'facts'
          ? { facts: reading.facts.length, factIds: reading.facts.map(({ fact }) => fact.id) }
          : { error: 'error' in reading ? reading.error : undefined };
      const paymentId = 'paymentId' in reading ? reading.paymentId : undefined;
      const orderId = paymentId === undefined ? undefined : orders.get(paymentId);
      const eventType = 'eventType' in reading ? reading.eventType : undefined;
      const ids = { eventId, paymentId, orderId, evidenceId, account };
      this.logger.info({ ...ids, eventType, outcome, ...what }, 'webhook mapped');
    }
  }
}

/** What no repetition mends: the flush, or a value in a question of our own (SQLSTATE class 22, data exceptions). */
const isRefusal = (error: unknown): error is Error =>
  error instanceof LogFault ? error.code === 'flush_failed' : sqlState(error).startsWith('22');

const endOf = (run: readonly Evident[]): bigint => (run.at(-1)?.position ?? -1n) + 1n;

/** A fact that is there already takes no version. */
export function versioned(reported: readonly MappedFact[], known: Known): Append[] {
  const versions = new Map(known.versions);
  const facts = new Set(known.facts);
  return reported.map(({ paymentId, fact, append }) => {
    const expectedVersion = versions.get(paymentId) ?? 0;
    if (!facts.has(fact.id)) versions.set(paymentId, expectedVersion + 1);
    facts.add(fact.id);
    return { ...append, expectedVersion };
  });
}

function* bounded<T extends { readonly evidence: Evidence }>(all: readonly T[]): Generator<T[]> {
  let open: T[] = [];
  let bytes = 0;
  for (const each of all) {
    if (open.length > 0 && bytes + each.evidence.bytes > BODIES_BYTES_MAX) {
      yield open;
      [open, bytes] = [[], 0];
    }
    open.push(each);
    bytes += each.evidence.bytes;
  }
  if (open.length > 0) yield open;
}

/**
 * A webhook with a fact that can't be stored is parked as a whole. Its other facts may be stored already, and stay: each
 * is true by itself, and a replay finds them there.
 */
function setAside(
  mapped: readonly Mapped[],
  { settle }: FlushOptions,
  bad: MappedFact | undefined,
  error: string,
): void {
  const of = mapped.find(
    ({ reading }) => reading.outcome === 'facts' && bad && reading.facts.includes(bad),
  );
  if (!of) return; // Its webhook was set aside for another fact.
  const why = `fact ${bad?.fact.id}: ${error}`;
  if (settle) throw new Error(`${settle[0]?.id} can't be applied: ${why}`);
  const { ordinal, count, alone } = of.reading;
  of.reading = { outcome: 'unreadable', error: why, ordinal, count, ...(alone && { alone }) };
}

/** A parked row as what is stored. A body that a person mended is read, whatever kept the one before apart. */
function storedIn({ headers, mended, value, partition, offset }: ParkedRow): Stored {
  const { quarantine, ...evidence } = JSON.parse(headers['evidence'] ?? '') as Evidence;
  return {
    evidence: quarantine !== undefined && mended === null ? { ...evidence, quarantine } : evidence,
    body: mended ?? value,
    lane: partition,
    position: offset,
  };
}

/** What facts.project takes: see sql/mapping.sql. */
export function effectsOf(mapped: readonly Mapped[], { settle }: FlushOptions, whole: boolean) {
  return {
    references: referencesIn(mapped),
    awaited: mapped.flatMap(({ stored, reading }) =>
      reading.outcome === 'unresolved'
        ? reading.references.map((reference) => ({
            reference,
            parkedId: parkedId(stored.evidence, reading),
          }))
        : [],
    ),
    applied: settle?.map(({ id }) => id) ?? [],
    mapped: whole ? fates(mapped) : [],
  };
}

/** What became of a delivery is what became of the worst of what it tells. */
const WORST_FIRST = ['unreadable', 'unresolved', 'facts', 'ignored'] as const;

function fates(mapped: readonly Mapped[]) {
  const worst = new Map<string, Reading>();
  for (const { stored, reading } of mapped) {
    const { id } = stored.evidence;
    const before = worst.get(id);
    const rank = WORST_FIRST.indexOf(reading.outcome);
    if (before && WORST_FIRST.indexOf(before.outcome) <= rank) continue;
    worst.set(id, reading);
  }
  return [...worst].map(([id, reading]) => ({
    id,
    outcome: reading.outcome,
    eventType: 'eventType' in reading ? reading.eventType : null,
    paymentId: 'paymentId' in reading ? reading.paymentId : null,
  }));
}

/** A webhook that says whose it is also says which gateway ids lead there. */
function referencesIn(mapped: readonly Mapped[]) {
  return mapped.flatMap(({ reading }) => {
    if (reading.outcome !== 'facts') return [];
    const { paymentId, references } = reading;
    return references.map((reference) => ({ reference, paymentId }));
  });
}
