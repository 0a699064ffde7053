import { setTimeout as sleep } from 'node:timers/promises';

/** An answer that is not 2xx. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';

  constructor(
    readonly method: string,
    readonly url: string,
    readonly status: number,
    readonly body: string,
    readonly retryAfterMs: number | undefined,
  ) {
    super(`${method} ${url} answers ${status}: ${body.slice(0, 300)}`);
  }
}

interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The call got no answer: what became of it is unknown. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

const PATIENCE_MS = 45_000;
const CALL_MS = 20_000;
const AGAIN_AFTER_MS = 500;

/** One service's HTTP API, called as its users call it: JSON, an API key, patience when it says "later". */
export class HttpApi {
  /** `repeatable`: every call may be made again when nobody answered, because the same call has the same effect. */
  constructor(
    readonly url: string,
    private readonly options: { readonly key?: string; readonly repeatable?: boolean } = {},
  ) {}

  get<T>(path: string): Promise<T> {
    return this.insist<T>(path, { method: 'GET' });
  }

  post<T>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
    return this.insist<T>(path, { method: 'POST', body, headers });
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.insist<T>(path, { method: 'PUT', body });
  }

  /** 409, 429 and 503 with Retry-After mean: nothing was done, come again. */
  private async insist<T>(path: string, call: Call): Promise<T> {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        return (await this.once(path, call)) as T;
      } catch (error) {
        const again = this.againAfter(error);
        if (again === undefined || Date.now() + again > end) throw error;
        await sleep(again);
      }
    }
  }

  private againAfter(error: unknown): number | undefined {
    if (error instanceof HttpFailure) return error.retryAfterMs;
    return error instanceof NoAnswer && this.options.repeatable ? AGAIN_AFTER_MS : undefined;
  }

  private async once(path: string, { method, body, headers }: Call): Promise<unknown> {
    const url = this.url + path;
    const { key } = this.options;
    const response = await fetch(url, {
      method,
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(CALL_MS),
    }).catch((error: unknown) => {
      throw new NoAnswer(`${method} ${url} got no answer`, { cause: error });
    });
    const text = await response.text();
    if (response.ok) return text === '' ? undefined : (JSON.parse(text) as unknown);
    const after = response.headers.get('retry-after');
    const retryAfterMs = after === null ? undefined : Math.max(200, Number(after) * 1_000);
    throw new HttpFailure(method, url, response.status, text, retryAfterMs);
  }
}
