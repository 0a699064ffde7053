import { createHash, timingSafeEqual } from 'node:crypto';

/** Who calls. The key itself is not stored anywhere; the file holds its sha256. */
export interface ApiKey {
  /** Never used again for another key: a storefront's idempotency keys belong to it. */
  readonly id: string;
  /** The storefront this key speaks for; `*` is an operator's key, for all. */
  readonly storefront: string;
  /** Of `SCOPES`. */
  readonly scopes: readonly string[];
}

/** What an API key may be allowed, as handlers ask for it. */
export const SCOPES = ['payments:read', 'payments:write', 'finance:read', 'operations'] as const;
export type Scope = (typeof SCOPES)[number];

/** A key in its file. Revoked ones stay there, so that their ids are not given again. */
export interface ListedKey extends ApiKey {
  /** Of the key, in hex. */
  readonly sha256: string;
  readonly createdAt?: string;
  /** From then on it is nobody's key. */
  readonly expiresAt?: string;
  readonly revokedAt?: string;
}

interface StoredKey {
  readonly key: ApiKey;
  readonly digest: Buffer;
  readonly endsAtMs: number;
}

/** The keys of one file: `[{ id, sha256, storefront, scopes, createdAt?, expiresAt?, revokedAt? }]`. */
export class ApiKeys {
  private constructor(private readonly keys: readonly StoredKey[]) {}

  /**
   * Throws one error that lists every fault of the content. Fits `jsonFile('API_KEYS_FILE',
   * ApiKeys.parse)`.
   */
  static parse(this: void, content: unknown): ApiKeys {
    return new ApiKeys(listedKeys(content).map(toStored));
  }

  /** Whose key this is. High-entropy keys need no slow hash; comparing digests leaks no timing. */
  find(presented: string, nowMs: number = Date.now()): ApiKey | undefined {
    const digest = createHash('sha256').update(presented).digest();
    let found: StoredKey | undefined;
    for (const stored of this.keys) {
      // No early exit: the time must not tell which key came close.
      if (timingSafeEqual(stored.digest, digest)) found = stored;
    }
    return found !== undefined && nowMs < found.endsAtMs ? found.key : undefined;
  }
}

/** The entries of a file of keys. Throws one error that lists every fault of the content. */
export function listedKeys(content: unknown): readonly ListedKey[] {
  if (!Array.isArray(content)) throw new Error('it must be an array of keys');
  const faults: string[] = [];
  const keys = content.flatMap((entry: unknown, index) => {
    const fault = faultOf(entry);
    if (fault === undefined) return [entry as ListedKey];
    faults.push(`[${index}] ${fault}`);
    return [];
  });
  for (const one of ['id', 'sha256'] as const) {
    const repeated = keys.find(
      (key, index) => keys.findIndex((each) => each[one] === key[one]) !== index,
    );
    if (repeated) faults.push(`the ${one} "${repeated[one]}" is there twice`);
  }
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return keys;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

function faultOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null) return 'must be an object';
  const { id, sha256, storefront, scopes, ...rest } = entry as Record<string, unknown>;
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
  const times = ['createdAt', 'expiresAt', 'revokedAt'] as const;
  const wrong = times.find((name) => rest[name] !== undefined && !isInstant(rest[name]));
  return wrong && `${wrong} must be a time such as 2026-01-31T12:00:00Z`;
}

const isInstant = (value: unknown): boolean => typeof value === 'string' && INSTANT.test(value);

function toStored({ id, storefront, scopes, sha256, expiresAt, revokedAt }: ListedKey): StoredKey {
  const ends = [expiresAt, revokedAt].flatMap((time) =>
    time === undefined ? [] : [Date.parse(time)],
  );
  return {
    key: { id, storefront, scopes: Object.freeze([...scopes]) },
    digest: Buffer.from(sha256, 'hex'),
    endsAtMs: Math.min(Infinity, ...ends),
  };
}
