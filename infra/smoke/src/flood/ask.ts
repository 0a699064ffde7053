import { type Agent, request } from 'node:http';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer | undefined;
}

export interface Answer {
  /** 0: none came, the connection ended. */
  readonly status: number;
  readonly retryAfter: boolean;
  /** A 408 that we have earned: it took us so long to hand the request over, busy with other things. */
  readonly lateByUs: boolean;
}

const ANSWERED_WITHIN_MS = 30_000;
/** A service waits 5 s for a head. On a machine that is full of work, so much may be ours before the first byte leaves. */
const HANDED_OVER_WITHIN_MS = 4_000;

/** One request and what came of it; never throws. */
export function ask(asked: Asked, { hostname, port }: URL, agent: Agent): Promise<Answer> {
  const { method, path, headers, body } = asked;
  const from = Date.now();
  return new Promise((resolve) => {
    let handedOverAt = Infinity;
    const answer = (status: number, retryAfter = false): void => {
      const lateByUs = status === 408 && handedOverAt - from > HANDED_OVER_WITHIN_MS;
      resolve({ status, retryAfter, lateByUs });
    };
    let sending;
    try {
      // Said with every method: else the body of a GET would be the next request on the connection, and its 400 the
      // answer to whoever comes after it there.
      const framed = body && { 'content-length': String(body.length) };
      const all = { ...headers, ...framed } as Record<string, string | string[]>;
      sending = request({ hostname, port, path, method, headers: all, agent });
    } catch {
      return answer(0);
    }
    sending.setTimeout(ANSWERED_WITHIN_MS, () => sending.destroy());
    sending.on('finish', () => (handedOverAt = Date.now()));
    sending.on('error', () => answer(0));
    sending.on('response', (response) => {
      response.resume();
      response.on('error', () => answer(0));
      response.on('end', () =>
        answer(response.statusCode ?? 0, response.headers['retry-after'] !== undefined),
      );
    });
    sending.end(body);
  });
}
