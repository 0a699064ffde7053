import type {
  Append,
  EventLog,
  FollowedBatch,
  FlushOptions,
  NewParked,
  ParkedRow,
} from '@paylog/event-sourcing';
import { failpoint } from '@paylog/failpoints';
import { counter, type Logger } from '@paylog/observability';
import { streamVersions } from '@paylog/service';
import type { Pool } from 'pg';
import { type Evidence, fromRow } from '../ingest/evidence.js';
import {
  type MappedFact,
  read,
  type Reading,
  type Stored,
  toAppend,
  toParked,
} from './map-evidence.js';
import { bodiesOf, paymentsOf, resolvable } from './mapping.sql.js';

interface Mapped {
  readonly stored: Stored;
  reading: Reading;
}

/** Another lane's mapper wrote to the same payment in between, this often in a row at most. */
const ATTEMPTS_MAX = 50;
/** Facts in one flush at most: a log takes 256 appends. */
const FACTS_MAX = 256;

const mappedTotal = counter('paylog_evidence_total', 'Evidence by what became of it', ['outcome']);

/** Evidence → facts with a payment id, or a parked row until one is known; with the mapper's cursor in one commit. */
export class Mapper {
  constructor(
    private readonly pool: Pool,
    private readonly facts: EventLog,
    private readonly mode: 'test' | 'live',
    private readonly logger: Logger,
  ) {}

  /** A run of the evidence log. */
  async take({ rows, input, lane }: FollowedBatch): Promise<'committed' | 'fenced'> {
    await failpoint('webhook-ingest.map.before');
    const bodies = await bodiesOf(
      this.pool,
      rows.map(({ id }) => id),
    );
    const stored = rows.map(({ id, data, position }): Stored => {
      const body = bodies.get(id);
      if (!body) throw new Error(`evidence ${id} has no body; restore it or record its expiry`);
      return { evidence: fromRow(data), body, lane, position };
    });
    const mapped = await this.read(stored);
    const outcome = await this.write(mapped, { input });
    await failpoint('webhook-ingest.map.after');
    if (outcome === 'committed') await this.lookAgain(mapped);
    return outcome;
  }

  /** Parked webhooks that were mended, or whose payment has become known. */
  async replay(rows: readonly ParkedRow[]): Promise<void> {
    for (const row of rows) {
      const evidence = JSON.parse(row.headers['evidence'] ?? '') as Evidence;
      const body = row.mended ?? row.value ?? Buffer.alloc(0);
      const stored = { evidence, body, lane: row.partition, position: row.offset };
      const mapped = await this.read([stored]);
      const reading = mapped[0]?.reading;
      if (reading?.outcome === 'unreadable')
        throw new Error(`${row.id} is still unreadable: ${reading.error}`);
      if (reading?.outcome === 'unresolved')
        throw new Error(`${row.id} still names no payment of ours`);
      await this.write(mapped, { settle: [{ id: row.id, status: 'applied' }] });
    }
  }

  /** The safety net of parking: rows whose reference has come without anybody noticing. */
  async sweep(): Promise<number> {
    const ids = await resolvable(this.pool);
    for (const id of ids) await this.facts.markReady(id);
    return ids.length;
  }

  private async read(stored: readonly Stored[]): Promise<Mapped[]> {
    const nothing = () => undefined;
    const first = stored.map((each) => ({ stored: each, reading: read(each, this.mode, nothing) }));
    const wanted = first.flatMap(({ reading }) =>
      reading.outcome === 'unresolved' ? reading.references : [],
    );
    if (wanted.length === 0) return first;
    const known = await paymentsOf(this.pool, wanted);
    return first.map(({ stored: each, reading }) => ({
      stored: each,
      reading:
        reading.outcome === 'unresolved' ? read(each, this.mode, (id) => known.get(id)) : reading,
    }));
  }

  private async write(mapped: Mapped[], options: FlushOptions): Promise<'committed' | 'fenced'> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const reported = mapped.flatMap(({ reading }) =>
        reading.outcome === 'facts' ? reading.facts : [],
      );
      const appends = await this.versioned(reported);
      const rest = {
        ...options,
        parked: mapped.flatMap(toParkedRow),
        effects: { mapped: mapped.map(toRecord) },
      };
      const answers = await this.flush(appends, rest);
      if (answers.some(({ status }) => status === 'offset_moved')) return 'fenced';
      if (answers.some(({ status }) => status === 'version_conflict')) continue;
      const bad = answers.findIndex(
        ({ status }) => status === 'refused' || status === 'same_key_other_content',
      );
      if (bad < 0) {
        this.tell(mapped);
        return 'committed';
      }
      setAside(
        mapped,
        reported[bad],
        answers[bad]?.status === 'refused'
          ? 'can not be stored'
          : 'the same fact came with other content',
      );
    }
    throw new Error(`${ATTEMPTS_MAX} appends in a row met another writer of the same payments`);
  }

  /** All in one flush where they fit; else the last flush, which moves the cursor, goes after the others. */
  private async flush(appends: readonly Append[], options: FlushOptions) {
    const answers = [];
    let rest = appends;
    while (rest.length > FACTS_MAX) {
      answers.push(...(await this.facts.append(rest.slice(0, FACTS_MAX))));
      rest = rest.slice(FACTS_MAX);
    }
    answers.push(...(await this.facts.append(rest, options)));
    return answers;
  }

  private async versioned(reported: readonly MappedFact[]): Promise<Append[]> {
    const versions = await streamVersions(this.pool, 'facts', [
      ...new Set(reported.map(({ paymentId }) => paymentId)),
    ]);
    const known = await this.knownKeys(reported);
    return reported.map((each) => {
      const version = versions.get(each.paymentId) ?? 0;
      if (!known.has(each.fact.id)) versions.set(each.paymentId, version + 1);
      known.add(each.fact.id);
      return toAppend(each, version);
    });
  }

  /** A fact that is there already takes no version. */
  private async knownKeys(reported: readonly MappedFact[]): Promise<Set<string>> {
    const { rows } = await this.pool.query<{ key: string }>({
      name: 'known-facts',
      text: 'select key from facts.keys where key = any($1)',
      values: [reported.map(({ fact }) => fact.id)],
    });
    return new Set(rows.map(({ key }) => key));
  }

  /** Whoever parks looks again after its own commit: the reference may have come in between. */
  private async lookAgain(mapped: readonly Mapped[]): Promise<void> {
    const waiting = mapped.filter(({ reading }) => reading.outcome === 'unresolved');
    if (waiting.length === 0) return;
    await failpoint('webhook-ingest.look-again.before');
    const ready = await this.sweep();
    this.logger.info({ parked: waiting.length, ready }, 'webhooks wait for their payment');
  }

  private tell(mapped: readonly Mapped[]): void {
    for (const { stored, reading } of mapped) {
      mappedTotal.inc({ outcome: reading.outcome });
      const { id: evidenceId, eventId, account } = stored.evidence;
      const rest =
        reading.outcome === 'facts'
          ? { paymentId: reading.paymentId, facts: reading.facts.length }
          : reading.outcome === 'unreadable'
            ? { error: reading.error }
            : {};
      const eventType = 'eventType' in reading ? reading.eventType : undefined;
      const fields = { evidenceId, eventId, account, eventType, outcome: reading.outcome, ...rest };
      this.logger.info(fields, 'webhook mapped');
    }
  }
}

/** One bad fact takes the whole webhook with it: half a webhook must not count. */
function setAside(mapped: Mapped[], bad: MappedFact | undefined, error: string): void {
  const of = mapped.find(
    ({ reading }) => reading.outcome === 'facts' && bad && reading.facts.includes(bad),
  );
  if (of) of.reading = { outcome: 'unreadable', error: `fact ${bad?.fact.id}: ${error}` };
}

function toParkedRow({ stored, reading }: Mapped): NewParked[] {
  if (reading.outcome === 'unreadable') {
    return [toParked(stored, { kind: 'poison', stage: 'map', error: reading.error })];
  }
  if (reading.outcome !== 'unresolved') return [];
  const [reference] = reading.references;
  const error = `no payment is known yet for ${reading.references.join(', ')}`;
  return [
    toParked(stored, {
      kind: 'unresolved',
      stage: 'resolve',
      error,
      ...(reference && { reference }),
    }),
  ];
}

function toRecord({ stored, reading }: Mapped) {
  return {
    id: stored.evidence.id,
    outcome: reading.outcome,
    eventType: 'eventType' in reading ? reading.eventType : null,
    paymentId: reading.outcome === 'facts' ? reading.paymentId : null,
  };
}
