import { maskCardNumbers } from './card-number.js';

const DEPTH_MAX = 8;
const ITEMS_MAX = 100;
const TEXT_MAX = 16_384;
const SECRET_KEY =
  /(?:^(?:cvc|cvv|pan|pin)|authorization|cookie|secret|passw(?:or)?d|token|card[-_]?number)$/i;
const SECRET_KEY_NAME = /(?:api|private|signing)[-_]?key$/i;

/**
 * What the shape alone gives away, with what stays of it. Repeats are bounded: log texts are
 * hostile. Each has a sign without which it can't match: looking for that is far cheaper, and most
 * texts have none.
 */
const SECRET_TEXT: readonly (readonly [sign: string, RegExp, kept: string])[] = [
  ['=', /([?&](?:access_|read_|client_)?(?:token|key|secret)=)[^&\s"'#]+/gi, '$1[redacted]'],
  ['eyJ', /\beyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, '[redacted]'],
  ['_', /\b((?:sk|rk|pk)_(?:test|live)_|whsec_)[A-Za-z0-9]+/g, '$1[redacted]'],
  ['_secret_', /\b((?:pi|seti|cs|src)_[A-Za-z0-9]+_secret_)[A-Za-z0-9]+/g, '$1[redacted]'],
  ['://', /\b([a-z][a-z0-9+.-]{0,15}:\/\/[^\s:/@]{0,128}:)[^\s@]{1,256}@/gi, '$1[redacted]@'],
  [
    '-----BEGIN',
    /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g,
    '[redacted]',
  ],
];
const AUTHORIZATION = /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi;

const secrets = new Set<string>();

/**
 * From now on this value is masked wherever it turns up in a log line. Shorter than 8 characters is
 * ignored.
 */
export function protectSecret(value: string): void {
  if (value.length >= 8) secrets.add(value);
}

/** A text without credentials, client secrets and card numbers. */
export function maskText(text: string): string {
  let masked = text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
  for (const secret of secrets) {
    if (masked.includes(secret)) masked = masked.replaceAll(secret, '[redacted]');
  }
  if (/\s/.test(masked)) masked = masked.replace(AUTHORIZATION, '$1 [redacted]');
  for (const [sign, pattern, kept] of SECRET_TEXT) {
    if (masked.includes(sign)) masked = masked.replace(pattern, kept);
  }
  return maskCardNumbers(masked);
}

/**
 * A copy fit for a log line: texts masked, fields named like secrets removed, bigints as text,
 * depth bounded.
 */
export function maskValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return maskText(value);
  if (typeof value === 'bigint') return maskText(value.toString());
  if (typeof value === 'number') return maskNumber(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (depth >= DEPTH_MAX) return '[deep]';
  if (value instanceof Error) return maskError(value, depth);
  if (Array.isArray(value)) {
    return value.slice(0, ITEMS_MAX).map((item) => maskValue(item, depth + 1));
  }
  if (value instanceof Map || value instanceof Set) return maskValue([...value], depth);
  return maskFields(value, depth);
}

function maskFields(fields: object, depth: number): Record<string, unknown> {
  const masked: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(fields)) {
    if (typeof field === 'function') continue;
    const hidden = field !== null && field !== undefined && field !== '' && namesSecret(key);
    masked[key] = hidden ? '[redacted]' : maskValue(field, depth + 1);
  }
  return masked;
}

/** Field names are few and come again with every line; a hostile object's are not remembered without end. */
const namesKnown = new Map<string, boolean>();
const NAMES_MAX = 1_000;

function namesSecret(key: string): boolean {
  const known = namesKnown.get(key);
  if (known !== undefined) return known;
  const secret = SECRET_KEY.test(key) || SECRET_KEY_NAME.test(key);
  if (namesKnown.size < NAMES_MAX) namesKnown.set(key, secret);
  return secret;
}

function maskError(error: Error, depth: number): Record<string, unknown> {
  return {
    ...maskFields(error, depth),
    type: error.name,
    message: maskText(error.message),
    ...(error.stack === undefined ? {} : { stack: maskText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: maskValue(error.cause, depth + 1) }),
  };
}

function maskNumber(value: number): unknown {
  if (!Number.isSafeInteger(value) || value < 1e12) return value;
  const text = String(value);
  const masked = maskCardNumbers(text);
  return masked === text ? value : masked;
}
