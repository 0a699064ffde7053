import { containsCardNumber } from '@paylog/observability';
import { registerDecorator } from 'class-validator';
import type { ValidationOptions } from 'class-validator';

const DEPTH_MAX = 64;

/**
 * The path of the first text that holds a card number (`lines[0].note`), undefined when none does.
 */
export function findCardNumber(value: unknown, path = '', depth = 0): string | undefined {
  if (depth > DEPTH_MAX) return undefined;
  if (typeof value === 'string') return containsCardNumber(value) ? path : undefined;
  if (typeof value === 'number' || typeof value === 'bigint') {
    return containsCardNumber(String(value)) ? path : undefined;
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined;
  for (const [key, member] of Object.entries(value)) {
    const inside = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    // A number may also hide in the name of a member.
    if (!Array.isArray(value) && containsCardNumber(key))
      return path === '' ? '(member name)' : path;
    const found = findCardNumber(member, inside, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Property decorator: refuses a text with a card number in it. We never want to hold one. */
export function NoCardNumber(options?: ValidationOptions): PropertyDecorator {
  return (target, property) =>
    registerDecorator({
      name: 'noCardNumber',
      target: target.constructor,
      propertyName: property as string,
      ...(options === undefined ? {} : { options }),
      validator: {
        validate: (value: unknown) => findCardNumber(value) === undefined,
        defaultMessage: () => '$property must not contain a card number',
      },
    });
}
