import { checkFlush, storableOptions } from './check-append.js';
import { blockHash, contentDigest, GENESIS, rowDigest } from './digest.js';
import { answeredBeforehand, FailedChain } from './failed-chain.js';
import { MemoryParking } from './memory-parking.js';
import type { Append, AppendAnswer, EventLog, FlushOptions, LaneHead, LogRow } from './log.js';

/** What `project()` gets for each accepted append that has effects. */
export interface Accepted {
  lane: number;
  /** Of the append's first row. */
  position: number;
  stream: string;
  /** Of the append's last row. */
  version: number;
  key: string;
  effects: unknown;
}

export interface MemoryLogOptions {
  schema: string;
  lanes: number;
  /** Stands for the service's SQL function of the same name. */
  project?: (accepted: readonly Accepted[], effects: unknown) => void;
}

interface Claim {
  digest: Buffer;
  lane: number;
  position: bigint;
}

/**
 * The log in memory, for fast tests: equal to Postgres by its answers over any history of flushes.
 * What happens between two writers is proven on Postgres only.
 */
export function memoryLog(options: MemoryLogOptions): EventLog {
  return new MemoryLog(options);
}

class MemoryLog implements EventLog {
  readonly schema: string;
  readonly lanes: number;
  readonly #project: (accepted: readonly Accepted[], effects: unknown) => void;
  readonly #rows: LogRow[][];
  readonly #hashes: Buffer[];
  readonly #streams = new Map<string, LogRow[]>();
  readonly #keys = new Map<string, Claim>();
  readonly #offsets = new Map<string, bigint>();
  readonly #parking = new MemoryParking();
  readonly #listeners = new Set<(lanes: number[]) => void>();

  constructor({ schema, lanes, project = () => undefined }: MemoryLogOptions) {
    this.schema = schema;
    this.lanes = lanes;
    this.#project = project;
    this.#rows = Array.from({ length: lanes }, () => []);
    this.#hashes = Array.from({ length: lanes }, () => GENESIS);
  }

  async append(appends: readonly Append[], given: FlushOptions = {}): Promise<AppendAnswer[]> {
    checkFlush(appends);
    const options = storableOptions(given);
    const beforehand = answeredBeforehand(appends, this.lanes);

    const moved = this.#whereOffsetMoved(options);
    if (moved !== undefined) {
      const answer: AppendAnswer = { status: 'offset_moved', next: moved };
      return appends.length === 0 ? [answer] : beforehand.map((early) => early ?? answer);
    }
    const accepted: Accepted[] = [];
    const written = new Map<number, LogRow[]>();
    const chain = new FailedChain();
    const answers = appends.map((append, i): AppendAnswer => {
      const early = beforehand[i];
      if (early) return early;
      const answer = this.#known(append) ?? this.#appendOne(append, chain, accepted, written);
      chain.note(append, answer);
      return answer;
    });
    // Whoever is told of a conflict must decide again: the input can't be past it.
    const stands = answers.every(({ status }) => status === 'appended' || status === 'duplicate');
    const effects = stands ? options.effects : undefined;
    if (accepted.length > 0 || effects !== undefined) this.#project(accepted, effects);
    this.#chain(written);
    if (stands) this.#commitOptions(options);
    if (written.size > 0) this.#wake([...written.keys()].sort((a, b) => a - b));
    return answers;
  }

  async readLane(lane: number, from: bigint, limit: number): Promise<LogRow[]> {
    return (this.#rows[lane] ?? []).slice(Number(from), Number(from) + limit);
  }

  async readStream(stream: string, fromVersion = 1): Promise<LogRow[]> {
    return (this.#streams.get(stream) ?? []).slice(Math.max(0, fromVersion - 1));
  }

  async readStreams(streams: readonly string[]): Promise<Map<string, LogRow[]>> {
    const found = new Map<string, LogRow[]>();
    for (const stream of streams) {
      const rows = this.#streams.get(stream);
      if (rows) found.set(stream, [...rows]);
    }
    return found;
  }

  async offset(source: string, partition: number): Promise<bigint | undefined> {
    return this.#offsets.get(offsetKey(source, partition));
  }

  async heads(): Promise<LaneHead[]> {
    return this.#rows.map((rows, lane) => ({
      lane,
      next: BigInt(rows.length),
      hash: this.#hashes[lane] ?? GENESIS,
    }));
  }

  parked: EventLog['parked'] = async (filter) => this.#parking.find(filter);
  listParked: EventLog['listParked'] = async (filter) => this.#parking.list(filter);
  parkedAges: EventLog['parkedAges'] = async () => this.#parking.ages();
  markReady: EventLog['markReady'] = async (id, mended) => this.#parking.markReady(id, mended);
  discard: EventLog['discard'] = async (id) => this.#parking.discard(id);
  unpublishedParked: EventLog['unpublishedParked'] = async (limit) =>
    this.#parking.unpublished(limit);
  markPublished: EventLog['markPublished'] = async (ids) => this.#parking.markPublished(ids);

  onAppended(listener: (lanes: number[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #whereOffsetMoved({ input }: FlushOptions): bigint | undefined {
    if (!input) return undefined;
    const stored = this.#offsets.get(offsetKey(input.source, input.partition));
    return stored === undefined || stored === input.from ? undefined : stored;
  }

  #known(append: Append): AppendAnswer | undefined {
    const claim = this.#keys.get(append.key);
    if (!claim) return undefined;
    return claim.digest.equals(contentDigest(append))
      ? { status: 'duplicate', lane: claim.lane, position: claim.position }
      : { status: 'same_key_other_content' };
  }

  #appendOne(
    append: Append,
    chain: FailedChain,
    accepted: Accepted[],
    written: Map<number, LogRow[]>,
  ): AppendAnswer {
    const digest = contentDigest(append);
    const stream = this.#streams.get(append.stream) ?? [];
    if (stream.length !== append.expectedVersion || chain.heldBack(append)) {
      return { status: 'version_conflict', version: stream.length };
    }
    const { lane, key } = append;
    const rows = this.#rows[lane] ?? [];
    const position = BigInt(rows.length);
    for (const row of append.rows) {
      const stored = { ...row, lane, stream: append.stream, version: stream.length + 1, key };
      const complete = { ...stored, position: BigInt(rows.length), digest: rowDigest(stored) };
      stream.push(complete);
      rows.push(complete);
      written.set(lane, [...(written.get(lane) ?? []), complete]);
    }
    this.#streams.set(append.stream, stream);
    this.#keys.set(key, { digest, lane, position });
    const version = stream.length;
    if (append.effects !== undefined && append.effects !== null) {
      const { effects, effectsSupersede } = append;
      if (effectsSupersede === true) forget(accepted, append.stream);
      const at = { lane, position: Number(position), stream: append.stream, version, key };
      accepted.push({ ...at, effects });
    }
    return { status: 'appended', lane, position, version };
  }

  #chain(written: Map<number, LogRow[]>): void {
    for (const [lane, rows] of written) {
      const first = rows[0]?.position ?? 0n;
      const digests = rows.map((row) => row.digest);
      this.#hashes[lane] = blockHash(this.#hashes[lane] ?? GENESIS, first, digests);
    }
  }

  #commitOptions({ input, parked = [], settle = [] }: FlushOptions): void {
    if (input) this.#offsets.set(offsetKey(input.source, input.partition), input.to);
    this.#parking.park(parked);
    this.#parking.settle(settle);
  }

  #wake(lanes: number[]): void {
    for (const listener of this.#listeners) listener(lanes);
  }
}

/** What the effects of a later append say all of. */
function forget(accepted: Accepted[], stream: string): void {
  const others = accepted.filter((one) => one.stream !== stream);
  accepted.splice(0, accepted.length, ...others);
}

const offsetKey = (source: string, partition: number): string => `${partition} ${source}`;
