import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Who calls. The key itself is not stored anywhere; the file holds its sha256. */
export interface ApiKey {
  readonly id: string;
  /** The storefront this key speaks for; `*` is an operator's key, for all. */
  readonly storefront: string;
  /** For example `payments:write`, `payments:read`, `operations`. */
  readonly scopes: readonly string[];
}

interface StoredKey extends ApiKey {
  readonly digest: Buffer;
}

/** The keys of one file: `[{ "id", "sha256", "storefront", "scopes" }]`. */
export class ApiKeys {
  private constructor(private readonly keys: readonly StoredKey[]) {}

  /**
   * Throws one error that lists every fault of the content. Fits `jsonFile('API_KEYS_FILE',
   * ApiKeys.parse)`.
   */
  static parse(this: void, content: unknown): ApiKeys {
    if (!Array.isArray(content)) throw new Error('it must be an array of keys');
    const faults: string[] = [];
    const keys = content.flatMap((entry: unknown, index) => {
      const key = storedKey(entry);
      if (typeof key !== 'string') return [key];
      faults.push(`[${index}] ${key}`);
      return [];
    });
    const repeated = keys.find((key, index) => keys.findIndex(({ id }) => id === key.id) !== index);
    if (repeated) faults.push(`the id "${repeated.id}" is there twice`);
    if (faults.length > 0) throw new Error(faults.join('\n'));
    return new ApiKeys(keys);
  }

  /** Whose key this is. High-entropy keys need no slow hash; comparing digests leaks no timing. */
  find(presented: string): ApiKey | undefined {
    const digest = createHash('sha256').update(presented).digest();
    let found: ApiKey | undefined;
    for (const key of this.keys) {
      // No early exit: the time must not tell which key came close.
      if (timingSafeEqual(key.digest, digest)) found = key;
    }
    return found;
  }
}

/** Reads and checks a file of keys. */
export function loadApiKeys(path: string): ApiKeys {
  return ApiKeys.parse(JSON.parse(readFileSync(path, 'utf8')));
}

function storedKey(entry: unknown): StoredKey | string {
  if (typeof entry !== 'object' || entry === null) return 'must be an object';
  const { id, sha256, storefront, scopes } = entry as Record<string, unknown>;
  if (typeof id !== 'string' || id === '') return 'id must be a non-empty text';
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) {
    return 'sha256 must be 64 lower-case hex digits';
  }
  if (typeof storefront !== 'string' || storefront === '') {
    return 'storefront must be a non-empty text, or *';
  }
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string')) {
    return 'scopes must be an array of texts';
  }
  return {
    id,
    storefront,
    scopes: Object.freeze([...scopes]),
    digest: Buffer.from(sha256, 'hex'),
  };
}
