import { crossing } from '@paylog/failpoints';
import { assertDurableCommits } from '@paylog/postgres';
import type { Pool } from 'pg';
import { checkFlush, storableOptions } from './check-append.js';
import { LogFault } from './fault.js';
import { answeredBeforehand } from './failed-chain.js';
import { Flush, withoutMove, type FlushTimes } from './flush.js';
import type { Append, AppendAnswer, EventLog, FlushOptions, LaneHead, LogRow } from './log.js';
import { type KeptStatement, keptStatement, statement } from './log-sql.js';
import { PostgresParking } from './postgres-parking.js';
import { toLogRow, type StoredRow } from './stored-row.js';
import { onAppended, wake } from './wake.js';

const atOpenLog = crossing('event-sourcing.open-log');
const atReadLane = crossing('event-sourcing.read-lane');
const atReadOffset = crossing('event-sourcing.read-offset');
const atReadHeads = crossing('event-sourcing.read-heads');
const atReadStreams = crossing('event-sourcing.read-streams');
const atPrune = crossing('event-sourcing.prune');

const PRUNE_EVERY_FLUSHES = 2000;

/**
 * The log of one schema. Checks that a commit is on disk when it is answered.
 * `answerTimeoutMs` (default 5,000): a call without an answer is given up. `settleTimeoutMs` (default
 * 600): how long a lost answer is looked for before the caller is told that the outcome is unknown.
 */
export async function postgresLog(
  pool: Pool,
  schema: string,
  { answerTimeoutMs = 5_000, settleTimeoutMs = 600 }: Partial<FlushTimes> = {},
): Promise<EventLog> {
  await assertDurableCommits(pool).catch((cause: unknown) => {
    if (cause instanceof Error && cause.message.startsWith('synchronous_commit')) {
      throw new LogFault('not_durable', false, cause.message, { cause });
    }
    throw cause;
  });
  const { rows } = await atOpenLog(() =>
    pool.query<{ lanes: number }>(statement('count-lanes.sql', schema)),
  );
  return new PostgresLog(pool, schema, rows[0]?.lanes ?? 0, { answerTimeoutMs, settleTimeoutMs });
}

/** Opens all lanes without a topic, for tests and tools that run no relay. */
export async function openLanes(pool: Pool, schema: string): Promise<void> {
  await pool.query(statement('open-lanes.sql', schema));
}

class PostgresLog implements EventLog {
  readonly schema: string;
  readonly lanes: number;
  readonly #pool: Pool;
  readonly #flush: Flush;
  readonly #parking: PostgresParking;
  readonly #sql: Record<'lane' | 'heads' | 'prune', string>;
  readonly #streams: KeptStatement;
  readonly #offset: KeptStatement;
  #flushes = 0;

  constructor(pool: Pool, schema: string, lanes: number, times: FlushTimes) {
    this.schema = schema;
    this.lanes = lanes;
    this.#pool = pool;
    this.#flush = new Flush(pool, schema, times);
    this.#parking = new PostgresParking(pool, schema);
    this.#sql = {
      lane: statement('read-lane.sql', schema),
      heads: statement('read-heads.sql', schema),
      prune: statement('prune-flushes.sql', schema),
    };
    this.#streams = keptStatement('read-streams.sql', schema);
    this.#offset = keptStatement('read-offset.sql', schema);
  }

  async append(appends: readonly Append[], given: FlushOptions = {}): Promise<AppendAnswer[]> {
    checkFlush(appends);
    const options = storableOptions(given);
    const beforehand = answeredBeforehand(appends, this.lanes);
    const sound = appends.filter((_, i) => beforehand[i] === undefined);
    const sent = sound.length === appends.length ? options : withoutMove(options);
    const answers = sound.length === 0 && isEmpty(sent) ? [] : await this.#flush.run(sound, sent);
    this.#afterCommit(answers);
    if (sound.length === appends.length) return answers;
    const next = answers.values();
    return beforehand.map((answer) => answer ?? present(next.next().value));
  }

  async readLane(lane: number, from: bigint, limit: number): Promise<LogRow[]> {
    // Reads are planned each time: a kept plan from when the table was tiny would be a scan.
    const { rows } = await atReadLane(() =>
      this.#pool.query<StoredRow>(this.#sql.lane, [lane, from, limit]),
    );
    return rows.map(toLogRow);
  }

  async readStream(stream: string, fromVersion = 1): Promise<LogRow[]> {
    return (await this.#readStreams([stream], fromVersion)).get(stream) ?? [];
  }

  readStreams(streams: readonly string[]): Promise<Map<string, LogRow[]>> {
    return this.#readStreams([...new Set(streams)], 1);
  }

  async offset(source: string, partition: number): Promise<bigint | undefined> {
    const values = [source, partition];
    const { rows } = await atReadOffset(() =>
      this.#pool.query<{ next: string }>({ ...this.#offset, values }),
    );
    return rows[0] && BigInt(rows[0].next);
  }

  async heads(): Promise<LaneHead[]> {
    const { rows } = await atReadHeads(() =>
      this.#pool.query<{ lane: number; next: string; hash: Buffer }>(this.#sql.heads),
    );
    return rows.map(({ lane, next, hash }) => ({ lane, next: BigInt(next), hash }));
  }

  parked: EventLog['parked'] = (filter) => this.#parking.find(filter);
  listParked: EventLog['listParked'] = (filter) => this.#parking.list(filter);
  parkedAges: EventLog['parkedAges'] = () => this.#parking.ages();
  markReady: EventLog['markReady'] = (id, mended) => this.#parking.markReady(id, mended);
  discard: EventLog['discard'] = (id) => this.#parking.discard(id);
  unpublishedParked: EventLog['unpublishedParked'] = (limit) => this.#parking.unpublished(limit);
  markPublished: EventLog['markPublished'] = (ids) => this.#parking.markPublished(ids);

  onAppended(listener: (lanes: number[]) => void): () => void {
    return onAppended(this.#pool, this.schema, listener);
  }

  async #readStreams(
    streams: readonly string[],
    fromVersion: number,
  ): Promise<Map<string, LogRow[]>> {
    const values = [streams, fromVersion];
    const { rows } = await atReadStreams(() =>
      this.#pool.query<StoredRow>({ ...this.#streams, values }),
    );
    const found = new Map<string, LogRow[]>();
    for (const row of rows.map(toLogRow)) {
      const stream = found.get(row.stream);
      if (stream) stream.push(row);
      else found.set(row.stream, [row]);
    }
    return found;
  }

  #afterCommit(answers: readonly AppendAnswer[]): void {
    const lanes = new Set<number>();
    for (const answer of answers) if (answer.status === 'appended') lanes.add(answer.lane);
    if (lanes.size > 0) wake(this.#pool, this.schema, [...lanes]);
    this.#flushes += 1;
    if (this.#flushes % PRUNE_EVERY_FLUSHES === 1) {
      // Old flush ids only cost room: a failure is made good by a later turn, or another process.
      atPrune(() => this.#pool.query(this.#sql.prune)).catch(() => undefined);
    }
  }
}

const isEmpty = ({ input, parked, settle, effects }: FlushOptions): boolean =>
  !input && !parked?.length && !settle?.length && effects === undefined;

function present(answer: AppendAnswer | undefined): AppendAnswer {
  if (answer) return answer;
  throw new Error('the log gave fewer answers than it got appends');
}
