import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomFrom } from '../random.js';
import type { AckedWebhook } from '../witness.js';
import { fuzzedRequest, type FuzzedRequest } from './requests.js';

export interface HttpFloodOptions {
  readonly seed: number;
  readonly requests: number;
  readonly overSeconds: number;
  /** Where each replica takes webhooks. */
  readonly urls: readonly string[];
  readonly secret: string;
  readonly signal: AbortSignal;
}

export interface HttpFlooded {
  /** How often each answer came; 0: none came, the connection ended. */
  readonly answers: Record<string, number>;
  /** What may not be: a 5xx, a stranger let in, a genuine delivery turned away. A sentence each. */
  readonly wrong: string[];
  readonly acked: AckedWebhook[];
  /** Of every body that was sent with a right signature, answered or not. */
  readonly genuine: Set<string>;
}

const AT_ONCE = 64;
const RETRIES_MAX = 20;
const ANSWERED_WITHIN_MS = 30_000;

/** Requests of every kind, evenly over the time; whoever is told to come again does so. */
export async function floodHttp(options: HttpFloodOptions): Promise<HttpFlooded> {
  const { requests, overSeconds, seed, urls, secret, signal } = options;
  const random = randomFrom(seed);
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const flooded: HttpFlooded = { answers: {}, wrong: [], acked: [], genuine: new Set() };
  const startedAt = Date.now();
  const loris = slowSenders(urls, flooded, signal);
  let next = 0;
  const work = async () => {
    while (next < requests && !signal.aborted) {
      const number = (next += 1);
      const ahead = startedAt + (number / requests) * overSeconds * 1_000 - Date.now();
      if (ahead > 0) await sleep(ahead);
      const url = new URL(urls[number % urls.length] as string);
      const seconds = Math.floor(Date.now() / 1_000);
      const fuzzed = fuzzedRequest(random, { secret, seconds, path: url.pathname }, number);
      await send(fuzzed, url, agent, flooded);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  agent.destroy();
  await loris;
  return flooded;
}

async function send(
  fuzzed: FuzzedRequest,
  url: URL,
  agent: Agent,
  { answers, wrong, acked, genuine }: HttpFlooded,
): Promise<void> {
  const sha256 = createHash('sha256')
    .update(fuzzed.body ?? '')
    .digest('hex');
  if (fuzzed.genuine) genuine.add(sha256);
  const what = () => `${fuzzed.method} ${fuzzed.path.slice(0, 80)} ${short(fuzzed.headers)}`;
  for (let attempt = 1; ; attempt++) {
    const { status, retryAfter } = await ask(fuzzed, url, agent);
    answers[status] = (answers[status] ?? 0) + 1;
    if (status >= 500 && status !== 503) wrong.push(`${status} for ${what()}`);
    if (status === 503 && !retryAfter) wrong.push(`503 without Retry-After for ${what()}`);
    if (!fuzzed.genuine) {
      if (status >= 200 && status < 300) wrong.push(`a stranger was let in: ${what()}`);
      return;
    }
    if (status === 200) {
      const sha256 = createHash('sha256')
        .update(fuzzed.body ?? '')
        .digest('hex');
      acked.push({ sha256, url: url.href, at: Date.now() });
      return;
    }
    if (status !== 503 && status !== 0) wrong.push(`a genuine delivery got ${status}: ${what()}`);
    if (status !== 503 && status !== 0) return;
    if (attempt === RETRIES_MAX) {
      wrong.push(`a genuine delivery got ${status} ${attempt} times: ${what()}`);
      return;
    }
    await sleep(1_000);
  }
}

const short = (headers: FuzzedRequest['headers']) => JSON.stringify(headers).slice(0, 300);

function ask(
  { method, path, headers, body }: FuzzedRequest,
  { hostname, port }: URL,
  agent: Agent,
): Promise<{ status: number; retryAfter: boolean }> {
  return new Promise((resolve) => {
    const nothing = () => resolve({ status: 0, retryAfter: false });
    let sending;
    try {
      sending = request({ hostname, port, path, method, headers: headers as never, agent });
    } catch {
      return nothing();
    }
    sending.setTimeout(ANSWERED_WITHIN_MS, () => sending.destroy());
    sending.on('error', nothing);
    sending.on('response', (response) => {
      response.resume();
      response.on('error', nothing);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          retryAfter: response.headers['retry-after'] !== undefined,
        }),
      );
    });
    sending.end(body);
  });
}

/** Raw text on a socket: what no HTTP library would send. Each is answered 4xx, or ended by a timeout. */
const BROKEN_REQUESTS = [
  'GET / HTTP/9.9\r\n\r\n',
  '\u0000\u0001\u0002\r\n\r\n',
  'POST /webhooks/stripe/stripe-main HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n',
  'POST /webhooks/stripe/stripe-main HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST /webhooks/stripe/stripe-main HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n',
  'POST /webhooks/stripe/stripe-main HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n',
  // Never comes to an end: the rest is owed.
  'POST /webhooks/stripe/stripe-main HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{',
  'POST /webhooks/stripe/stripe-main HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n',
  'POST /webhooks/stripe/stripe-main HTTP/1.1\r\nhost: x\r\nx-slow: ',
];
const TIMES = 10;
/** A request must have come within 15 s. */
const ENDED_WITHIN_MS = 40_000;

async function slowSenders(
  urls: readonly string[],
  { answers, wrong }: HttpFlooded,
  signal: AbortSignal,
): Promise<void> {
  const all = BROKEN_REQUESTS.flatMap((text) => Array.from({ length: TIMES }, () => text));
  await Promise.all(
    all.map(async (text, index) => {
      const url = new URL(urls[index % urls.length] as string);
      const answer = await raw(url, text, signal);
      const status = /^HTTP\/1\.1 (\d{3})/.exec(answer ?? '')?.[1] ?? '0';
      answers[status] = (answers[status] ?? 0) + 1;
      if (answer === undefined) wrong.push(`a connection was not ended: ${JSON.stringify(text)}`);
      if (/^[235]/.test(status)) wrong.push(`${status} for ${JSON.stringify(text)}`);
    }),
  );
}

/** What came until the connection was ended; undefined when nobody ended it. */
function raw(
  { hostname, port }: URL,
  text: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text, 'latin1'));
    const late = setTimeout(() => {
      resolve(undefined);
      socket.destroy();
    }, ENDED_WITHIN_MS);
    signal.addEventListener('abort', () => socket.destroy());
    socket.on('data', (bytes) => (answer += bytes.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(late);
      resolve(answer);
    });
  });
}
