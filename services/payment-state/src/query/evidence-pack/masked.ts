import { maskCardNumbers } from '@paylog/observability';

/**
 * A copy of plain data whose texts hold no card number: of each only the last four digits are left. Amounts are not
 * texts, and stay what they are.
 */
export function masked<T>(value: T): T {
  return maskedIn('', value) as T;
}

function maskedIn(field: string, value: unknown): unknown {
  if (typeof value === 'string') return field === 'minor' ? value : maskCardNumbers(value);
  if (Array.isArray(value)) return value.map((each) => maskedIn('', each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, maskedIn(name, each)]),
  );
}
