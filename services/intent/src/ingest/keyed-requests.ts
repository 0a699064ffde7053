import { crossing } from '@paylog/failpoints';
import { parseIdempotencyKey, requestDigest, type CallerIdentity } from '@paylog/http';
import type { FastifyRequest } from 'fastify';
import type { Pool } from 'pg';
import {
  insertRequest,
  releaseRequest,
  selectRequest,
  storeAnswer,
  takeOverRequest,
} from './idempotency.sql.js';
import type { KeyScope } from './idempotency.sql.js';
import { inFlight, keyReused, LOCK_SPARE_MS } from './key-in-use.js';

const atKeyedRequest = crossing('intent.keyed-request');

/** How a request is done, and how its stored answer is given again. */
export interface Keyed<T> {
  readonly paymentId: string | null;
  /** Done at most once a key, as long as its answer is stored; then its answer may be kept by anybody. */
  readonly run: () => Promise<T>;
  /** What of it may be stored. */
  readonly toStore: (answer: T) => unknown;
  readonly fromStored: (stored: unknown, answeredAt: Date) => Promise<T>;
}

/** Whose `Idempotency-Key` it is: each API key has its own, and so has each payment's read token. */
export function scopeOf(caller: CallerIdentity): KeyScope {
  return caller.kind === 'api_key'
    ? { storefront: caller.storefront, caller: caller.id }
    : { storefront: 'read token', caller: caller.paymentId };
}

/**
 * `Idempotency-Key` for requests that leave nothing in the log of a payment by themselves: the same request gets its
 * stored answer, another one is refused, and one that is still being answered is to come again.
 */
export class KeyedRequests {
  constructor(
    private readonly pool: Pool,
    /** The longest that an answer takes. */
    private readonly waitMs: number,
  ) {}

  async once<T>(http: FastifyRequest, caller: CallerIdentity, keyed: Keyed<T>): Promise<T> {
    const header = http.headers['idempotency-key'];
    if (header === undefined) return keyed.run();
    const key = parseIdempotencyKey(header);
    const scope = scopeOf(caller);
    const digest = requestDigest(http);
    const lockMs = this.waitMs + LOCK_SPARE_MS;
    const stored = await selectRequest(this.pool, scope, key);
    if (stored && stored.digest !== digest) throw keyReused();
    if (stored && stored.status !== null) return keyed.fromStored(stored.answer, stored.createdAt);
    const lockedUntil = new Date(Date.now() + lockMs).toISOString();
    const ours = stored
      ? await takeOverRequest(this.pool, scope, key, lockMs)
      : await insertRequest(this.pool, keyed.paymentId, {
          ...scope,
          key,
          digest,
          status: null,
          answer: null,
          lockedUntil,
        });
    if (!ours) throw inFlight();
    const answer = await keyed.run().catch(async (error: unknown) => {
      await releaseRequest(this.pool, scope, key);
      throw error;
    });
    await atKeyedRequest(() => storeAnswer(this.pool, scope, key, 200, keyed.toStore(answer)));
    return answer;
  }
}
