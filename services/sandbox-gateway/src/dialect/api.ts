import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { chance } from '../chance.js';
import type { SandboxAccount } from '../config.js';
import { ApiError } from '../gateway/api-error.js';
import { API_VERSION } from '../gateway/events.js';
import { newId } from '../gateway/new-id.js';
import { fileOf } from '../gateway/reports.js';
import type { Caller, World } from '../gateway/world.js';
import { CALLS, type Prepare, type Prepared } from './calls.js';
import { digestOf, Idempotency, type Answer } from './idempotency.js';
import { parseForm } from './params.js';
import { READS } from './reads.js';

/** A caller that waits longer than this has given up. */
const NEVER_ANSWERS_MS = 120_000;
const SLOW_MS = 1000;

/** Routes of the provider's REST API. */
export function registerApi(
  app: FastifyInstance,
  world: World,
  accounts: readonly SandboxAccount[],
): void {
  const idempotency = new Idempotency(world.store);
  const limitedOnce = new Set<string>();

  for (const [path, read] of Object.entries(READS)) {
    app.get(path, (request, reply) => {
      open(reply);
      const account = authenticated(request, accounts);
      const { id = '' } = request.params as { id?: string };
      const query = parseForm(request.raw.url?.split('?')[1] ?? '');
      const origin = `${request.protocol}://${request.host}`;
      return reply.send(read({ world, account, id, query, origin }));
    });
  }

  app.get('/v1/files/:id/contents', (request, reply) => {
    open(reply);
    const account = authenticated(request, accounts);
    const { id } = request.params as { id: string };
    return reply.type('text/csv; charset=utf-8').send(fileOf(world, account, id));
  });

  for (const [path, prepare] of Object.entries(CALLS)) {
    app.post(path, (request, reply) => call(request, reply, prepare));
  }

  async function call(
    request: FastifyRequest,
    reply: FastifyReply,
    prepare: Prepare,
  ): Promise<FastifyReply> {
    const requestId = open(reply);
    const account = authenticated(request, accounts);
    const { id = '' } = request.params as { id?: string };
    const key = header(request, 'idempotency-key');
    const params = parseForm(typeof request.body === 'string' ? request.body : '');
    const caller: Caller = { account, requestId, idempotencyKey: key ?? null };
    let prepared: Prepared | undefined;
    const answer = await idempotency.answer({
      account,
      key,
      digest: digestOf('POST', request.url, params),
      requestId,
      prepare: () => {
        prepared = prepare(world, params, id);
        const scope = `${account} ${key ?? requestId}`;
        if (prepared.fault === 'limited' && !limitedOnce.has(scope)) {
          limitedOnce.add(scope);
          throw rateLimited();
        }
        const ready = prepared;
        return () => perform(ready, caller);
      },
    });
    if (key !== undefined) reply.header('idempotency-key', key);
    if (answer.replayed) {
      reply.header('idempotent-replayed', 'true').header('original-request', answer.requestId);
    }
    const lost = prepared?.fault === 'lost' && answer.status === 200 && !answer.replayed;
    if (lost) return lose(reply, chance(world.seed, 'lost', key ?? requestId));
    return reply.code(answer.status).send(answer.body);
  }
}

async function perform(
  prepared: Prepared,
  caller: Caller,
): Promise<Pick<Answer, 'status' | 'body'>> {
  if (prepared.fault === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
  if (prepared.fault === 'error_before') return brokenAnswer();
  try {
    const body = prepared.run(caller);
    return prepared.fault === 'error_after' ? brokenAnswer() : { status: 200, body };
  } catch (error) {
    // A decline or a refused state is an answer, and frozen; anything not stored goes its own way.
    if (!(error instanceof ApiError) || !error.stored) throw error;
    return { status: error.status, body: { error: error.fields } };
  }
}

/** The call was done; its caller never learns. Half of them see the connection close, the others wait. */
function lose(reply: FastifyReply, draw: number): FastifyReply {
  reply.hijack();
  const { socket } = reply.raw;
  if (draw < 0.5) {
    socket?.destroy();
    return reply;
  }
  const timer = setTimeout(() => socket?.destroy(), NEVER_ANSWERS_MS);
  timer.unref();
  socket?.once('close', () => clearTimeout(timer));
  return reply;
}

function brokenAnswer(): Pick<Answer, 'status' | 'body'> {
  const fields = { type: 'api_error', message: 'Something went wrong on our end.' };
  return { status: 500, body: { error: fields } };
}

function rateLimited(): ApiError {
  return new ApiError(
    429,
    { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests.' },
    false,
  );
}

/** Headers every answer carries. */
function open(reply: FastifyReply): string {
  const requestId = newId('req', 14);
  reply.header('request-id', requestId).header('stripe-version', API_VERSION);
  return requestId;
}

/** Bearer, or Basic with the key as user name. */
function authenticated(request: FastifyRequest, accounts: readonly SandboxAccount[]): string {
  const [scheme = '', credentials = ''] = (header(request, 'authorization') ?? '').split(' ');
  const key =
    scheme.toLowerCase() === 'basic'
      ? (Buffer.from(credentials, 'base64').toString('utf8').split(':')[0] ?? '')
      : credentials;
  const account = accounts.find((each) => same(each.apiKey, key));
  if (account !== undefined) return account.account;
  throw new ApiError(
    401,
    { type: 'invalid_request_error', message: 'Invalid API Key provided.' },
    false,
  );
}

function same(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
