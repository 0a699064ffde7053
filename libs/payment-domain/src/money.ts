/**
 * An amount in integer minor units of an ISO 4217 currency: `{ minor: 1000n, currency: 'EUR' }` is ten euros.
 * On the wire `minor` is a decimal string. How many minor units make a major one differs per currency and per
 * gateway; nothing here needs to know.
 */
export interface Money {
  readonly minor: bigint;
  readonly currency: string;
}

/** `money(1000n, 'EUR')` is ten euros. */
export function money(minor: bigint, currency: string): Money {
  return { minor, currency };
}

const MINOR = /^(0|-?[1-9]\d{0,30})$/;

/** Reads minor units from the wire: a plain decimal integer, no sign but `-`, no leading zero. Else `undefined`. */
export function parseMinor(text: string): bigint | undefined {
  return MINOR.test(text) ? BigInt(text) : undefined;
}

/** Minor units as they go on the wire; `parseMinor` reads them back. */
export function formatMinor(minor: bigint): string {
  return minor.toString();
}

/**
 * Reads an exact amount in major units, as settlement reports have them: `parseMajor('2.90', 2)` is `290n`. The exponent
 * is the gateway's for that currency. More fraction digits than it allows are fine only when they are zeros; whatever
 * else doesn't fit is `undefined`, never zero.
 */
export function parseMajor(text: string, exponent: number): bigint | undefined {
  const parts = /^(-?)(\d{1,30})(?:\.(\d{1,30}))?$/.exec(text);
  if (!parts) return undefined;
  const [, sign, whole = '', fraction = ''] = parts;
  const kept = fraction.slice(0, exponent).padEnd(exponent, '0');
  if (/[1-9]/.test(fraction.slice(exponent))) return undefined;
  const minor = BigInt(whole + kept);
  return sign ? -minor : minor;
}

/** For people and reports: `formatMajor(290n, 2)` is `2.90`. */
export function formatMajor(minor: bigint, exponent: number): string {
  const digits = (minor < 0n ? -minor : minor).toString().padStart(exponent + 1, '0');
  const sign = minor < 0n ? '-' : '';
  if (exponent === 0) return sign + digits;
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

/** The sum, or `undefined` when the currencies differ: amounts of two currencies are never added. */
export function addMoney(a: Money, b: Money): Money | undefined {
  return a.currency === b.currency ? money(a.minor + b.minor, a.currency) : undefined;
}

/** `a` less `b`, or `undefined` when the currencies differ. */
export function subtractMoney(a: Money, b: Money): Money | undefined {
  return a.currency === b.currency ? money(a.minor - b.minor, a.currency) : undefined;
}

/** Below, at or above zero as `a` is less than, equal to or more than `b`; `undefined` when the currencies differ. */
export function compareMoney(a: Money, b: Money): -1 | 0 | 1 | undefined {
  if (a.currency !== b.currency) return undefined;
  if (a.minor === b.minor) return 0;
  return a.minor < b.minor ? -1 : 1;
}

/** Same currency and same amount. */
export function equalMoney(a: Money, b: Money): boolean {
  return compareMoney(a, b) === 0;
}

/** The larger of two amounts in minor units. */
export function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** The smaller of two amounts in minor units. */
export function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
