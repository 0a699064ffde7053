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

/** Bytes to JSON. Never throws, whatever the bytes. */
export function parseJson(value: Uint8Array | null): Parsed {
  if (value === null) return { ok: false, path: '', error: 'has no value' };
  if (value.byteLength > MESSAGE_BYTES_MAX) {
    return { ok: false, path: '', error: `is longer than ${MESSAGE_BYTES_MAX} bytes` };
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
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
  return look(json, '', 0, options.cards);
}

function look(value: unknown, path: string, depth: number, cards: boolean): Flaw | undefined {
  if (typeof value === 'string') return lookAtText(value, path, cards);
  if (typeof value === 'number' && !Number.isFinite(value)) return { path, error: 'is too large' };
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= DEPTH_MAX) return { path, error: `is nested deeper than ${DEPTH_MAX} levels` };
  for (const [key, child] of Object.entries(value)) {
    const childPath = join(path, key);
    if (key === '__proto__') return { path: childPath, error: 'is a forbidden name' };
    const flaw =
      (Array.isArray(value) ? undefined : lookAtText(key, childPath, cards)) ??
      look(child, childPath, depth + 1, cards && key !== 'minor');
    if (flaw) return flaw;
  }
  return undefined;
}

function lookAtText(text: string, path: string, cards: boolean): Flaw | undefined {
  if (!text.isWellFormed())
    return { path: path.toWellFormed(), error: 'is not well-formed Unicode' };
  if (text.includes('\u0000')) return { path, error: 'holds the character U+0000' };
  if (cards && looksLikeCardNumber(text)) {
    return { path: looksLikeCardNumber(path) ? '' : path, error: 'looks like a card number' };
  }
  return undefined;
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
  return JSON.stringify(sorted(value));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const record = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(record).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(record[key])]));
}
