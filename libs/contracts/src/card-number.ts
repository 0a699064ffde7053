/** Brands by leading digits and the lengths they issue. Lengths no brand issues any more would only hit order ids. */
const BRANDS: readonly { readonly prefix: RegExp; readonly lengths: readonly number[] }[] = [
  { prefix: /^4/, lengths: [16, 19] },
  { prefix: /^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16] },
  { prefix: /^3[47]/, lengths: [15] },
  { prefix: /^(6011|64[4-9]|65)/, lengths: [16, 19] },
  { prefix: /^(36|38|39|30[0-59])/, lengths: [14, 16] },
  { prefix: /^35(2[89]|[3-8])/, lengths: [16, 19] },
  { prefix: /^62/, lengths: [16, 17, 18, 19] },
  { prefix: /^(50|5[6-8]|67)/, lengths: [16, 18, 19] },
];
const DIGITS_MIN = 14;
const DIGITS_MAX = 19;
/** Groups of digits with at most two characters between them, as people write card numbers. */
const RUN = /[0-9]+(?:[\s.\-_/‐-―−]{1,2}[0-9]+)*/gu;

/**
 * Whether a text holds what reads as a card number: digits of a known brand and length with a valid check digit, plain
 * or in groups. A number never starts or ends inside an unbroken run of digits.
 */
export function looksLikeCardNumber(text: string): boolean {
  if (text.length < DIGITS_MIN) return false;
  for (const [run] of text.normalize('NFKC').matchAll(RUN)) {
    const groups = run.match(/[0-9]+/g) ?? [];
    for (let from = 0; from < groups.length; from++) {
      let digits = '';
      for (let to = from; to < groups.length && digits.length <= DIGITS_MAX; to++) {
        digits += groups[to];
        if (isCardNumber(digits)) return true;
      }
    }
  }
  return false;
}

function isCardNumber(digits: string): boolean {
  if (digits.length < DIGITS_MIN || digits.length > DIGITS_MAX) return false;
  const brand = BRANDS.some(
    ({ prefix, lengths }) => prefix.test(digits) && lengths.includes(digits.length),
  );
  return brand && passesLuhn(digits);
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
