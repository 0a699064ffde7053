/** One event as a service writes it. `data` is exactly the bytes that go to Kafka. */
export interface NewRow {
  id: string;
  type: string;
  schemaVersion: number;
  source: string;
  /** As written by the service (RFC 3339); stored as text, so that it comes back byte for byte. */
  time: string;
  data: Buffer;
  correlationId?: string;
  causationId?: string;
  traceparent?: string;
}

/** One stored event. Positions are gapless within a lane, versions within a stream. */
export interface LogRow extends NewRow {
  lane: number;
  position: bigint;
  stream: string;
  version: number;
  key: string;
  digest: Buffer;
}

/** What succeeds or fails as one: some rows of one stream, once for ever by `key`. */
export interface Append {
  lane: number;
  stream: string;
  /** The stream's version that the decision was made at; 0 for a new stream. */
  expectedVersion: number;
  key: string;
  rows: readonly NewRow[];
  /** JSON given to the service's `project()` when, and only when, this append is accepted. */
  effects?: unknown;
  /**
   * True: these effects say all that those of earlier appends to the stream say, such as a state. Of the appends of one
   * stream in a flush `project()` then gets the last accepted ones only.
   */
  effectsSupersede?: boolean;
  /**
   * Bytes given to the service's `attach()` with the first row's id and time, when, and only when, this append is
   * accepted: for what may be erased one day, and so can't be part of the row.
   */
  attachment?: Buffer;
  /**
   * What "the same content" means for this key. Default: sha256 over the stream and each row's id,
   * type, schema version and data (never version, time or trace, which a repetition may change).
   * Give the digest of the request where one key stands for one request.
   */
  contentDigest?: Buffer;
}

export type AppendAnswer =
  /** `position` is that of its first row, `version` that of its last. */
  | { status: 'appended'; lane: number; position: bigint; version: number }
  | { status: 'duplicate'; lane: number; position: bigint }
  | { status: 'same_key_other_content' }
  | { status: 'version_conflict'; version: number }
  | { status: 'offset_moved'; next: bigint }
  /** Poisonous: it can't be stored, now or later. */
  | { status: 'refused'; reason: string };

/** Compare-and-set of an input's next offset. With no stored offset yet, `to` is stored. */
export interface InputOffset {
  source: string;
  partition: number;
  from: bigint;
  to: bigint;
}

export interface NewParked {
  id: string;
  kind: 'poison' | 'unresolved';
  source: string;
  partition: number;
  offset: bigint;
  key: string | null;
  value: Buffer | null;
  headers: Record<string, string>;
  stage: string;
  error: string;
  /** What would release it, for example a gateway's id that nobody has named yet. */
  reference?: string;
  stream?: string;
}

export type ParkedStatus = 'parked' | 'ready' | 'applied' | 'discarded';

export interface ParkedRow extends NewParked {
  status: ParkedStatus;
  /** The corrected value an operator gave with `markReady`; use it instead of `value`. */
  mended: Buffer | null;
  parkedAt: Date;
}

/** A parked row as it is listed: without what may be large. */
export type ParkedEntry = Omit<ParkedRow, 'value' | 'mended' | 'headers'>;

export interface Settled {
  id: string;
  status: 'applied' | 'discarded';
}

export interface FlushOptions {
  input?: InputOffset;
  parked?: NewParked[];
  settle?: Settled[];
  /** JSON given to the service's `project()` as its second argument. */
  effects?: unknown;
}

export interface ParkedFilter {
  /** Default: `parked` and `ready`. */
  status?: 'parked' | 'ready';
  kind?: string;
  reference?: string[];
  id?: string;
  /** Default 100. */
  limit?: number;
}

export interface ParkedListFilter {
  /** Default: `parked` and `ready`. */
  status?: 'parked' | 'ready';
  key?: string;
  kind?: string;
  /** What they wait for. */
  reference?: string;
  /** Parked before this time. */
  before?: Date;
  /** Whose messages they are: the part of `source` before the slash. */
  group?: string;
  /** The id of the last row of the page before. */
  after?: string;
  limit: number;
}

/** What is open of one group's messages. */
export interface ParkedAge {
  /** The part of `source` before the slash. */
  group: string;
  kind: NewParked['kind'];
  count: number;
  oldest: Date;
}

/** The end of a lane: the next position, and the hash of its last block. */
export interface LaneHead {
  lane: number;
  next: bigint;
  hash: Buffer;
}

export interface EventLog {
  readonly schema: string;
  readonly lanes: number;
  /**
   * One durable commit for up to 512 appends and 4 MiB, attachments included. Each append has its own answer, in order.
   * What expects a higher version of a stream than an append before it that failed, fails too: it
   * was decided on top of what is not there.
   * Unless every append is `appended` or `duplicate`, the others are appended all the same, but the
   * input offset is not moved, nothing is parked or settled and the flush's own effects are not
   * applied: decide again after a conflict, flush again with the refused
   * ones as `parked` (the rest answer `duplicate`). When the offset has moved every answer is
   * `offset_moved` and nothing was written; without appends that is the one answer given.
   */
  append(appends: readonly Append[], options?: FlushOptions): Promise<AppendAnswer[]>;
  readLane(lane: number, from: bigint, limit: number): Promise<LogRow[]>;
  /** Rows with a version of at least `fromVersion` (default 1), in order. */
  readStream(stream: string, fromVersion?: number): Promise<LogRow[]>;
  /** Streams without rows are absent from the map. */
  readStreams(streams: readonly string[]): Promise<Map<string, LogRow[]>>;
  offset(source: string, partition: number): Promise<bigint | undefined>;
  heads(): Promise<LaneHead[]>;
  /** Oldest first. */
  parked(filter?: ParkedFilter): Promise<ParkedRow[]>;
  /** The same without values and headers, page by page. */
  listParked(filter: ParkedListFilter): Promise<ParkedEntry[]>;
  /** How much is open, and since when, by group and kind. */
  parkedAges(): Promise<ParkedAge[]>;
  /** False when there is no such row, or it is settled already. */
  markReady(id: string, mended?: Buffer): Promise<boolean>;
  discard(id: string): Promise<boolean>;
  /** Poison that the dead-letter topic doesn't hold yet, oldest first: some of it, when its values are large. */
  unpublishedParked(limit: number): Promise<ParkedRow[]>;
  markPublished(ids: readonly string[]): Promise<void>;
  /** Called after each commit of this process that added rows. Returns the way to stop. */
  onAppended(listener: (lanes: number[]) => void): () => void;
}

/** Where a relayed log goes: one partition a lane, one message a row. */
export interface RelayTarget {
  /** Resolves when all rows are acknowledged, with the partition's offset after the last of them. */
  publish(lane: number, rows: readonly LogRow[]): Promise<bigint>;
  /** From `fromOffset` to the partition's end as it was when reading began. */
  read(lane: number, fromOffset: bigint): AsyncIterable<LogRow & { offset: bigint }>;
}

/** The part of pino that the long-running parts of this package use. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** An append flush holds at most this many appends. */
export const FLUSH_APPENDS_MAX = 512;
/** An append flush holds at most this many bytes of row data. */
export const FLUSH_BYTES_MAX = 4 * 1024 * 1024;
/** One row's data is at most this long; longer is `refused`. */
export const ROW_BYTES_MAX = 1024 * 1024;
