/**
 * Digits in groups, as people write them. Hex runs come first, so that a digest in a log line is
 * not mistaken for a card number inside it.
 */
const CANDIDATE = /[0-9a-fA-F]{32,}|\d+(?:[ \u00a0-]\d+)*/g;

/** As many digits as a card number has at least; a text without them needs no closer look. */
const ENOUGH_DIGITS = /\d(?:[ \u00a0-]?\d){12}/;

/**
 * First digits that a card scheme hands out (ISO/IEC 7812): Visa, Mastercard, Amex, and the rest.
 */
const SCHEME =
  /^(?:4|5[0-8]|6[0-9]|3[4-9]|30[0-59]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|220[0-4]|1800|2131)/;

const DIGITS_MIN = 13;
const DIGITS_MAX = 19;
/** Schemes print four groups at most; the bound keeps a hostile text cheap. */
const GROUPS_MAX = 6;

/**
 * Whether a text holds a number that could be a card's: 13 to 19 digits, a scheme's prefix, Luhn-
 * valid.
 */
export function containsCardNumber(text: string): boolean {
  if (!ENOUGH_DIGITS.test(text)) return false;
  for (const [candidate] of text.matchAll(CANDIDATE)) {
    if (!cardNumbersIn(candidate).next().done) return true;
  }
  return false;
}

/** The text with every card number reduced to its last four digits. */
export function maskCardNumbers(text: string): string {
  if (!ENOUGH_DIGITS.test(text)) return text;
  return text.replace(CANDIDATE, (candidate) => {
    let masked = '';
    let done = 0;
    for (const { start, end, lastFour } of cardNumbersIn(candidate)) {
      masked += `${candidate.slice(done, start)}****${lastFour}`;
      done = end;
    }
    return masked + candidate.slice(done);
  });
}

interface CardNumber {
  readonly start: number;
  readonly end: number;
  readonly lastFour: string;
}

/**
 * A card number begins where a group begins and ends where one ends: `7 4242 4242 4242 4242` holds
 * one.
 */
function* cardNumbersIn(candidate: string): Generator<CardNumber> {
  if (candidate.length < DIGITS_MIN || /[a-fA-F]/.test(candidate)) return;
  const groups = [...candidate.matchAll(/\d+/g)];
  let first = 0;
  while (first < groups.length) {
    let digits = '';
    let next = first + 1;
    for (let last = first; last < first + GROUPS_MAX; last += 1) {
      const group = groups[last];
      digits += group?.[0] ?? '';
      if (!group || digits.length > DIGITS_MAX) break;
      if (digits.length >= DIGITS_MIN && SCHEME.test(digits) && luhn(digits)) {
        const start = groups[first]?.index ?? 0;
        yield { start, end: group.index + group[0].length, lastFour: digits.slice(-4) };
        next = last + 1;
        break;
      }
    }
    first = next;
  }
}

function luhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    let digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    if (index % 2 === 1) {
      digit *= 2;
      if (digit > 9) digit -= 9;
    }
    sum += digit;
  }
  return sum % 10 === 0;
}
