import { looksLikeCardNumber } from './card-number.js';

/** Where and what: `path` is a JSON pointer into the message, empty for the message itself. */
export interface Flaw {
  readonly path: string;
  readonly error: string;
}

export type Parsed =
  { readonly ok: true; readonly json: unknown } | ({ readonly ok: false } & Flaw);

/** Longest value of a message; the topics' `max.message.bytes` leaves room for headers. */
export const MESSAGE_BYTES_MAX = 1_000_000;
const DEPTH_MAX = 32;
const PATH_CHARS_MAX = 200;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes to JSON. Never throws, whatever the bytes. */
export function parseJson(value: Uint8Array | null): Parsed {
  if (value === null) return { ok: false, path: '', error: 'has no value' };
  if (value.byteLength > MESSAGE_BYTES_MAX) {
    return { ok: false, path: '', error: `is longer than ${MESSAGE_BYTES_MAX} bytes` };
  }
  let text: string;
  try {
    text = utf8.decode(value);
  } catch {
    return { ok: false, path: '', error: 'is not valid UTF-8' };
  }
  try {
    return { ok: true, json: JSON.parse(text) as unknown };
  } catch {
    return { ok: false, path: '', error: 'is not valid JSON' };
  }
}

/**
 * What no schema says: strings Postgres or a strict reader would refuse, nesting that would exhaust a stack, keys that
 * reach a prototype and, where asked, card numbers. Amounts in `minor` are digits by nature and are not taken for one.
 */
export function findFlaw(json: unknown, options: { readonly cards: boolean }): Flaw | undefined {
  return look(json, 0, options.cards);
}

function look(value: unknown, depth: number, cards: boolean): Flaw | undefined {
  if (typeof value === 'string') return lookAtText(value, cards);
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : flaw('is too large');
  if (typeof value === 'bigint') return flaw('is a bigint; it travels as a decimal text');
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= DEPTH_MAX) return flaw(`is nested deeper than ${DEPTH_MAX} levels`);
  return Array.isArray(value)
    ? lookAtItems(value, depth, cards)
    : lookAtFields(value, depth, cards);
}

function lookAtItems(items: readonly unknown[], depth: number, cards: boolean): Flaw | undefined {
  for (let i = 0; i < items.length; i++) {
    const found = look(items[i], depth + 1, cards);
    if (found) return under(String(i), found);
  }
  return undefined;
}

function lookAtFields(fields: object, depth: number, cards: boolean): Flaw | undefined {
  const record = fields as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(record)) {
    if (key === '__proto__') return under(key, flaw('is a forbidden name'));
    const inName = lookAtText(key, cards);
    // A bad name is not repeated: nobody wants it in a log.
    if (inName) return flaw(`has a field whose name ${inName.error}`);
    const found = look(record[key], depth + 1, cards && key !== 'minor');
    if (found) return under(key, found);
  }
  return undefined;
}

function lookAtText(text: string, cards: boolean): Flaw | undefined {
  if (!text.isWellFormed()) return flaw('is not well-formed Unicode');
  if (text.includes('\u0000')) return flaw('holds the character U+0000');
  if (cards && looksLikeCardNumber(text)) return flaw('looks like a card number');
  return undefined;
}

function flaw(error: string): Flaw {
  return { path: '', error };
}

function under(key: string, { path, error }: Flaw): Flaw {
  return { path: join('', key) + path, error };
}

/** Adds a step to a JSON pointer (RFC 6901); long names are cut, for they may be anybody's. */
export function join(path: string, key: string): string {
  const step = key.replaceAll('~', '~0').replaceAll('/', '~1');
  return `${path}/${step}`.slice(0, PATH_CHARS_MAX);
}

/**
 * JSON with the keys of every object sorted by code unit and without spaces (RFC 8785 for what we write: strings,
 * booleans, integers): equal values give equal bytes, whoever built them. `undefined` fields are left out.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(canonical(value));
}

/** A copy with sorted keys and without `undefined` fields, as `canonicalJson` writes it. */
export function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const record = value as Readonly<Record<string, unknown>>;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(record).sort()) {
    const field = record[key];
    if (field === undefined) continue;
    if (key === '__proto__') throw new TypeError('a field named __proto__ has no canonical form');
    copy[key] = canonical(field);
  }
  return copy;
}
