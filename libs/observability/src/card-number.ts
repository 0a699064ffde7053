/** Hex runs come first, so that a digest in a log line is not mistaken for a card number inside it. */
const CANDIDATE = /[0-9a-fA-F]{32,}|\d(?:[ -]?\d){12,18}(?!\d)/g;

/** First digits that a card scheme hands out (ISO/IEC 7812): Visa, Mastercard, Amex, and the rest. */
const SCHEME =
  /^(?:4|5[0-8]|6[0-9]|3[4-9]|30[0-59]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|220[0-4]|1800|2131)/;

/** Whether a text holds a number that could be a card's: 13 to 19 digits, a scheme's prefix, Luhn-valid. */
export function containsCardNumber(text: string): boolean {
  for (const [candidate] of text.matchAll(CANDIDATE)) {
    if (isCardNumber(candidate)) return true;
  }
  return false;
}

/** The text with every card number reduced to its last four digits. */
export function maskCardNumbers(text: string): string {
  return text.replace(CANDIDATE, (candidate) =>
    isCardNumber(candidate) ? `****${candidate.replace(/[ -]/g, '').slice(-4)}` : candidate,
  );
}

function isCardNumber(candidate: string): boolean {
  if (/[a-fA-F]/.test(candidate)) return false;
  const digits = candidate.replace(/[ -]/g, '');
  return digits.length >= 13 && digits.length <= 19 && SCHEME.test(digits) && luhn(digits);
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
