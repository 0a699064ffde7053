import { createHash } from 'node:crypto';
import { ApiError } from '../gateway/api-error.js';
import type { AnswerRecord, Store } from '../store.js';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly requestId: string;
  readonly replayed: boolean;
}

export interface Attempt {
  readonly account: string;
  readonly key: string | undefined;
  /** What was asked, to be compared with what was asked first. */
  readonly digest: string;
  readonly requestId: string;
  /** Checks the parameters; whatever it throws is not stored. */
  readonly prepare: () => () => Promise<Pick<Answer, 'status' | 'body'>>;
}

const KEY_CHARS_MAX = 255;

/**
 * Idempotency keys as the provider has them: the first answer once the endpoint has begun is frozen, a 500 included;
 * other parameters under the same key are an error; a key in flight answers 409; validation errors leave no trace.
 */
export class Idempotency {
  readonly #store: Store;
  readonly #inFlight = new Set<string>();

  constructor(store: Store) {
    this.#store = store;
  }

  async answer(attempt: Attempt): Promise<Answer> {
    const { key, requestId } = attempt;
    if (key === undefined) {
      return { ...(await attempt.prepare()()), requestId, replayed: false };
    }
    if (key === '' || key.length > KEY_CHARS_MAX) {
      throw new ApiError(
        400,
        { type: 'idempotency_error', message: 'Keys have 1 to 255 characters.' },
        false,
      );
    }
    const scope = `${attempt.account} ${key}`;
    if (this.#inFlight.has(scope)) throw inFlight();
    const stored = this.#store.get('answers', scope);
    if (stored !== undefined) return replay(stored, attempt.digest);

    const run = attempt.prepare();
    this.#inFlight.add(scope);
    try {
      const { status, body } = await run();
      this.#store.put('answers', scope, { digest: attempt.digest, status, body, requestId });
      return { status, body, requestId, replayed: false };
    } finally {
      this.#inFlight.delete(scope);
    }
  }
}

/** Digest of method, path and parameters, whatever order these came in. */
export function digestOf(method: string, path: string, params: unknown): string {
  return createHash('sha256')
    .update(`${method} ${path} ${canonical(params)}`)
    .digest('hex');
}

function replay(stored: AnswerRecord, digest: string): Answer {
  if (stored.digest === digest) {
    const { status, body, requestId } = stored;
    return { status, body, requestId, replayed: true };
  }
  throw new ApiError(
    400,
    {
      type: 'idempotency_error',
      message:
        'Keys for idempotent requests can only be used with the same parameters they were first used with.',
    },
    false,
  );
}

function inFlight(): ApiError {
  return new ApiError(
    409,
    {
      type: 'invalid_request_error',
      code: 'idempotency_key_in_use',
      message: 'There is currently another in-progress request using this idempotency key.',
    },
    false,
  );
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join()}}`;
}
