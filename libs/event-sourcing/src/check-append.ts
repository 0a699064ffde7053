import {
  FLUSH_APPENDS_MAX,
  FLUSH_BYTES_MAX,
  ROW_BYTES_MAX,
  type Append,
  type FlushOptions,
  type NewParked,
  type NewRow,
} from './log.js';
import { LogFault } from './fault.js';

/** A B-tree entry holds at most 2,704 bytes: keys and streams far below that can always be stored. */
const INDEXED_BYTES_MAX = 1024;
const TEXT_BYTES_MAX = 8 * 1024;
const INT32_MAX = 0x7fffffff;
const PARKED_ERROR_MAX = 4000;

/** JSON escapes U+0000 and lone surrogates, and jsonb refuses exactly these escapes. */
const UNSTORABLE_IN_JSONB = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/i;

/** The rows' data of an append and what is attached, in bytes. */
export function appendBytes({ rows, attachment }: Append): number {
  return rows.reduce((sum, row) => sum + row.data.length, attachment?.length ?? 0);
}

/** Why this append can never be stored, or nothing. What it lets through Postgres takes. */
export function whyRefused(append: Append, lanes: number): string | undefined {
  if (!isInt(append.lane, 0) || append.lane >= lanes) {
    return `lane ${append.lane} does not exist; this log has lanes 0 to ${lanes - 1}`;
  }
  if (!isInt(append.expectedVersion, 0)) return 'expectedVersion is no whole number from 0';
  if (append.rows.length === 0) return 'an append needs at least one row';
  if (appendBytes(append) > FLUSH_BYTES_MAX) {
    return `its rows and attachment exceed ${FLUSH_BYTES_MAX} bytes`;
  }
  return (
    whyTextRefused('stream', append.stream, INDEXED_BYTES_MAX) ??
    whyTextRefused('key', append.key, INDEXED_BYTES_MAX) ??
    whyJsonRefused(effectsJson(append)) ??
    firstOf(append.rows, whyRowRefused)
  );
}

/** A flush beyond its limits is a caller's mistake, not an answer about one append. */
export function checkFlush(appends: readonly Append[]): void {
  if (appends.length > FLUSH_APPENDS_MAX) {
    throw tooLarge(`${appends.length} appends; at most ${FLUSH_APPENDS_MAX} go into one flush`);
  }
  const bytes = appends.reduce((sum, append) => sum + appendBytes(append), 0);
  // One append beyond the limit is refused by itself; its neighbours are not to blame.
  if (bytes > FLUSH_BYTES_MAX && appends.every((a) => appendBytes(a) <= FLUSH_BYTES_MAX)) {
    throw tooLarge(`${bytes} bytes of rows; at most ${FLUSH_BYTES_MAX} go into one flush`);
  }
}

/** A parked row must always be storable, or it would stop its partition: its texts are mended. */
export function storableOptions(options: FlushOptions): FlushOptions {
  const refused = whyJsonRefused(
    options.effects === undefined ? undefined : JSON.stringify(options.effects),
  );
  if (refused) throw new LogFault('flush_failed', false, `the flush's own effects: ${refused}`);
  return options.parked ? { ...options, parked: options.parked.map(storableParked) } : options;
}

function storableParked(parked: NewParked): NewParked {
  const headers = Object.entries(parked.headers).map(([k, v]) => [storable(k), storable(v)]);
  return {
    ...parked,
    id: storable(parked.id),
    source: storable(parked.source),
    key: parked.key === null ? null : storable(parked.key),
    headers: Object.fromEntries(headers),
    stage: storable(parked.stage),
    error: storable(parked.error.slice(0, PARKED_ERROR_MAX)),
    ...(parked.reference !== undefined && { reference: storable(parked.reference) }),
    ...(parked.stream !== undefined && { stream: storable(parked.stream) }),
  };
}

const storable = (text: string): string => text.toWellFormed().replaceAll('\u0000', '\u2400');

function whyRowRefused(row: NewRow): string | undefined {
  if (row.data.length > ROW_BYTES_MAX) {
    return `a row's data has ${row.data.length} bytes; at most ${ROW_BYTES_MAX} are stored`;
  }
  if (!isInt(row.schemaVersion, 0)) return 'schemaVersion is no whole number from 0';
  return (
    whyTextRefused('id', row.id, TEXT_BYTES_MAX) ??
    whyTextRefused('type', row.type, TEXT_BYTES_MAX) ??
    whyTextRefused('source', row.source, TEXT_BYTES_MAX) ??
    whyTextRefused('time', row.time, TEXT_BYTES_MAX) ??
    whyTextRefused('correlationId', row.correlationId, TEXT_BYTES_MAX) ??
    whyTextRefused('causationId', row.causationId, TEXT_BYTES_MAX) ??
    whyTextRefused('traceparent', row.traceparent, TEXT_BYTES_MAX)
  );
}

function whyTextRefused(name: string, text: string | undefined, max: number): string | undefined {
  if (text === undefined) return undefined;
  if (text.length * 3 > max && Buffer.byteLength(text) > max) return `${name} exceeds ${max} bytes`;
  if (!text.isWellFormed()) return `${name} holds a lone surrogate`;
  if (text.includes('\u0000')) return `${name} holds U+0000`;
  return undefined;
}

const jsonOf = new WeakMap<Append, string>();

/** Effects become JSON once, to be checked and to be sent. */
export function effectsJson(append: Append): string | undefined {
  if (append.effects === undefined || append.effects === null) return undefined;
  const known = jsonOf.get(append);
  if (known !== undefined) return known;
  const json = JSON.stringify(append.effects);
  jsonOf.set(append, json);
  return json;
}

function whyJsonRefused(json: string | undefined): string | undefined {
  return json !== undefined && UNSTORABLE_IN_JSONB.test(json)
    ? 'effects hold U+0000 or a lone surrogate, which jsonb refuses'
    : undefined;
}

const isInt = (value: number, least: number): boolean =>
  Number.isInteger(value) && value >= least && value < INT32_MAX;

function firstOf<T>(items: readonly T[], why: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const reason = why(item);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

const tooLarge = (what: string): LogFault => new LogFault('flush_too_large', false, what);
