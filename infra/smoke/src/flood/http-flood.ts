import { createHash } from 'node:crypto';
import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomFrom } from '../random.js';
import type { AckedWebhook } from '../witness.js';
import { ask } from './ask.js';
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
  /** Genuine ones that were told that they come too late, and rightly: sent again, as a gateway does. */
  lateByUs: number;
}

const AT_ONCE = 64;
const RETRIES_MAX = 20;

/** Requests of every kind, evenly over the time; whoever is told to come again does so. */
export async function floodHttp(options: HttpFloodOptions): Promise<HttpFlooded> {
  const { requests, overSeconds, seed, urls, secret, signal } = options;
  const random = randomFrom(seed);
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const flooded: HttpFlooded = {
    answers: {},
    wrong: [],
    acked: [],
    genuine: new Set(),
    lateByUs: 0,
  };
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
  flooded: HttpFlooded,
): Promise<void> {
  const { answers, wrong, acked, genuine } = flooded;
  const sha256 = createHash('sha256')
    .update(fuzzed.body ?? '')
    .digest('hex');
  if (fuzzed.genuine) genuine.add(sha256);
  const what = () => `${fuzzed.method} ${fuzzed.path.slice(0, 80)} ${short(fuzzed.headers)}`;
  for (let attempt = 1; ; attempt++) {
    const { status, retryAfter, lateByUs } = await ask(fuzzed, url, agent);
    answers[status] = (answers[status] ?? 0) + 1;
    if (status >= 500 && status !== 503) wrong.push(`${status} for ${what()}`);
    if (status === 503 && !retryAfter) wrong.push(`503 without Retry-After for ${what()}`);
    if (!fuzzed.genuine) {
      if (status >= 200 && status < 300) wrong.push(`a stranger was let in: ${what()}`);
      return;
    }
    if (status === 200) {
      acked.push({ sha256, url: url.href, at: Date.now() });
      return;
    }
    if (lateByUs) flooded.lateByUs += 1;
    if (status !== 503 && status !== 0 && !lateByUs) {
      wrong.push(`a genuine delivery got ${status}: ${what()}`);
      return;
    }
    if (attempt === RETRIES_MAX) {
      wrong.push(`a genuine delivery got ${status} ${attempt} times: ${what()}`);
      return;
    }
    await sleep(1_000);
  }
}

const short = (headers: FuzzedRequest['headers']) => JSON.stringify(headers).slice(0, 300);

/** Raw text on a socket: what no HTTP library would send. Each is answered 4xx, or ended by a timeout. */
const BROKEN_REQUESTS = [
  'GET / HTTP/9.9\r\n\r\n',
  '\u0000\u0001\u0002\r\n\r\n',
  'POST /webhooks/stripe/stripe-main HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n',
  'POST /webhooks/stripe/stripe-main HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST /webhooks/stripe/stripe-main HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n',
  'POST /webhooks/stripe/stripe-main HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n',
  // A body that nobody announced is taken for the next request.
  'GET /webhooks/stripe/stripe-main HTTP/1.1\r\nhost: x\r\n\r\n{"a":1}\r\n\r\n',
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
  const sockets = new Set<Socket>();
  const destroy = () => sockets.forEach((socket) => socket.destroy());
  signal.addEventListener('abort', destroy);
  await Promise.all(
    all.map(async (text, index) => {
      const url = new URL(urls[index % urls.length] as string);
      const answer = await raw(url, text, sockets);
      const status = /^HTTP\/1\.1 (\d{3})/.exec(answer ?? '')?.[1] ?? '0';
      answers[status] = (answers[status] ?? 0) + 1;
      if (answer === undefined) wrong.push(`a connection was not ended: ${JSON.stringify(text)}`);
      if (/^[235]/.test(status)) wrong.push(`${status} for ${JSON.stringify(text)}`);
    }),
  );
  signal.removeEventListener('abort', destroy);
}

/** What came until the connection was ended; undefined when nobody ended it. */
function raw(
  { hostname, port }: URL,
  text: string,
  sockets: Set<Socket>,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text, 'latin1'));
    const late = setTimeout(() => {
      resolve(undefined);
      socket.destroy();
    }, ENDED_WITHIN_MS);
    sockets.add(socket);
    socket.on('data', (bytes) => (answer += bytes.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(late);
      resolve(answer);
    });
  });
}
