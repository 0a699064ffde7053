import { randomInt } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** An id as the provider makes them: `pi_` and 24 characters. Random, so that nobody builds on its order. */
export function newId(prefix: string, length = 24): string {
  let text = `${prefix}_`;
  for (let i = 0; i < length; i += 1) text += ALPHABET[randomInt(ALPHABET.length)];
  return text;
}
