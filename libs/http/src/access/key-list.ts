import { createHash, randomBytes } from 'node:crypto';
import type { ListedKey } from './api-keys.js';

/** A key that is to be. */
export interface WantedKey {
  readonly storefront: string;
  readonly scopes: readonly string[];
  /** Default: the storefront and some letters. */
  readonly id?: string;
  readonly expiresAt?: string;
}

export interface MadeKey {
  readonly keys: readonly ListedKey[];
  readonly made: ListedKey;
  /** The key itself. It is nowhere else: whoever loses it makes another. */
  readonly secret: string;
}

/** The list with another key. Throws where its id was given before, to a revoked key too. */
export function withKey(keys: readonly ListedKey[], wanted: WantedKey, now: Date): MadeKey {
  const { storefront, scopes, expiresAt } = wanted;
  const secret = `${storefront === '*' ? 'op' : 'pk'}_${randomBytes(32).toString('base64url')}`;
  const id = wanted.id ?? `${storefront === '*' ? 'operator' : storefront}-${shortId()}`;
  if (keys.some((each) => each.id === id)) throw new Error(`the id ${id} was given before`);
  const made: ListedKey = {
    id,
    storefront,
    scopes: [...scopes],
    sha256: createHash('sha256').update(secret).digest('hex'),
    createdAt: now.toISOString(),
    ...(expiresAt !== undefined && { expiresAt }),
  };
  return { keys: [...keys, made], made, secret };
}

/** The list with this key revoked: now, or when it was before. Throws where there is none of this id. */
export function withoutKey(keys: readonly ListedKey[], id: string, now: Date): ListedKey[] {
  if (!keys.some((each) => each.id === id)) throw new Error(`there is no key ${id}`);
  return keys.map((key) =>
    key.id === id ? { ...key, revokedAt: key.revokedAt ?? now.toISOString() } : key,
  );
}

/** Letters and digits that are easily told apart and typed. */
const shortId = (): string => randomBytes(4).toString('hex');
