import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { chance } from '../chance.js';
import type { SandboxAccount } from '../config.js';
import { ApiError } from '../gateway/api-error.js';
import type { CallFault } from '../gateway/behaviour.js';
import { API_VERSION } from '../gateway/events.js';
import { newId } from '../gateway/new-id.js';
import { fileOf } from '../gateway/reports.js';
import type { Caller, World } from '../gateway/world.js';
import { CALLS, type Prepare, type Prepared } from './calls.js';
import { digestOf, Idempotency, type Answer } from './idempotency.js';
import { parseForm } from './params.js';
import { READS } from './reads.js';
import { Script } from './script.js';

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
  const script = new Script(world.store);
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
    let fault: CallFault | undefined;
    const answer = await idempotency.answer({
      account,
      key,
      digest: digestOf('POST', request.url, params),
      requestId,
      prepare: () => {
        const ready = prepare(world, params, id);
        const scripted = script.take(account, ready.call);
        const scope = `${account} ${key ?? requestId}`;
        const limited = ready.fault === 'limited' && !limitedOnce.has(scope);
        if (limited) limitedOnce.add(scope);
        if (limited || scripted === 'limited') throw rateLimited();
        fault = scripted ?? ready.fault;
        return () => perform(world, ready, fault, caller);
      },
    });
    if (key !== undefined) reply.header('idempotency-key', key);
    if (answer.replayed) {
      reply.header('idempotent-replayed', 'true').header('original-request', answer.requestId);
    }
    const lost = fault === 'lost' && answer.status === 200 && !answer.replayed;
    if (lost) return lose(reply, chance(world.seed, 'lost', key ?? requestId));
    return reply.code(answer.status).send(answer.body);
  }
}

async function perform(
  world: World,
  prepared: Prepared,
  fault: CallFault | undefined,
  caller: Caller,
): Promise<Pick<Answer, 'status' | 'body'>> {
  if (fault === 'slow') await new Promise<void>((resolve) => world.later(SLOW_MS, resolve));
  if (fault === 'error_before') return brokenAnswer();
  try {
    const body = prepared.run(caller);
    return fault === 'error_after' ? brokenAnswer() : { status: 200, body };
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
