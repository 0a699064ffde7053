import { createParamDecorator, SetMetadata } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problem/problem.js';
import { annotate } from '../request/request-log.js';
import type { KeyFinder } from './api-key-file.js';
import type { ApiKey, Scope } from './api-keys.js';
import { RateLimit } from './rate-limit.js';
import type { ReadTokenVerifier } from './read-token.js';

export interface AccessOptions {
  readonly keys?: KeyFinder;
  readonly readTokens?: ReadTokenVerifier;
  /**
   * Requests a second for each API key or read token, bursts of twice that. Default 200; beyond it
   * 429.
   */
  readonly requestsPerSecond?: number;
}

/** Who made this request. */
export type CallerIdentity =
  | ({ readonly kind: 'api_key' } & ApiKey)
  | { readonly kind: 'read_token'; readonly paymentId: string };

const PUBLIC = 'paylog:public';
const SCOPES = 'paylog:scopes';
const READ_TOKEN = 'paylog:readToken';
const REQUESTS_PER_SECOND = 200;

/** On a handler or a controller: nobody needs to say who they are (say why beside it). */
export function Public(): ClassDecorator & MethodDecorator {
  return SetMetadata(PUBLIC, true);
}

/** On a handler or a controller: the API key must have all these scopes. */
export function RequireScopes(...scopes: readonly Scope[]): ClassDecorator & MethodDecorator {
  return SetMetadata(SCOPES, scopes);
}

/**
 * On a handler: a read token for the payment named by this path parameter will do as well, as
 * `Authorization: Bearer` or, since an EventSource sends no headers, as `?token=`.
 */
export function AllowReadToken(parameter: string): MethodDecorator {
  return SetMetadata(READ_TOKEN, parameter);
}

/** Parameter decorator: the `CallerIdentity`. Throws 401 on a public route without one. */
export const Caller = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const caller = callerOf(request);
  if (!caller) throw missingKey();
  return caller;
});

const callers = new WeakMap<object, CallerIdentity>();

/** Who made this request; undefined on public routes. */
export function callerOf(request: FastifyRequest): CallerIdentity | undefined {
  return callers.get(request.raw);
}

/** Who may call a handler that is not open. */
interface Rule {
  readonly scopes: readonly string[];
  readonly parameter: string | undefined;
}

/**
 * Closed unless opened: with `keys` or `readTokens` set, every handler without `@Public()` needs a
 * caller. Without both, only handlers that name scopes or read tokens do (and refuse everybody).
 */
export class AccessGuard implements CanActivate {
  private readonly rate: RateLimit;
  private readonly rules = new WeakMap<object, Map<unknown, Rule | 'open'>>();

  constructor(private readonly options: AccessOptions) {
    this.rate = new RateLimit(options.requestsPerSecond ?? REQUESTS_PER_SECOND);
  }

  /** At once where nobody is asked who they are: a promise costs a public route as much as its handler. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const rule = this.ruleOf(context);
    return rule === 'open' || this.admit(context.switchToHttp().getRequest<FastifyRequest>(), rule);
  }

  /** What the decorators say, read once a handler and controller: two controllers may inherit the same handler. */
  private ruleOf(context: ExecutionContext): Rule | 'open' {
    const handler = context.getHandler();
    const rules = this.rules.get(context.getClass()) ?? new Map<unknown, Rule | 'open'>();
    const known = rules.get(handler);
    if (known !== undefined) return known;
    const scopes = metadata<readonly string[]>(SCOPES, context);
    const parameter = metadata<string>(READ_TOKEN, context);
    const guarded = this.options.keys !== undefined || this.options.readTokens !== undefined;
    const open =
      metadata<boolean>(PUBLIC, context) === true ||
      (!guarded && scopes === undefined && parameter === undefined);
    const rule = open ? ('open' as const) : { scopes: scopes ?? [], parameter };
    rules.set(handler, rule);
    this.rules.set(context.getClass(), rules);
    return rule;
  }

  private async admit(request: FastifyRequest, { scopes, parameter }: Rule): Promise<boolean> {
    const caller = await this.identify(request, scopes, parameter);
    callers.set(request.raw, caller);
    annotate(request, { caller: caller.kind === 'api_key' ? caller.id : 'read_token' });
    const name = caller.kind === 'api_key' ? `key ${caller.id}` : `token ${caller.paymentId}`;
    const retryAfter = this.rate.take(name);
    if (retryAfter > 0) throw tooMany(retryAfter);
    return true;
  }

  private async identify(
    request: FastifyRequest,
    scopes: readonly string[],
    parameter: string | undefined,
  ): Promise<CallerIdentity> {
    const bearer = bearerOf(request);
    const token = parameter === undefined ? undefined : (bearer ?? tokenInQuery(request));
    const key = bearer === undefined ? undefined : this.options.keys?.find(bearer);
    if (key) return withScopes(key, scopes);
    if (token === undefined || parameter === undefined) throw missingKey();

    const read = await this.options.readTokens?.verify(token);
    if (!read) throw Problem.unauthorized('The read token is not valid, or no longer.');
    const params = request.params as Readonly<Record<string, string>>;
    if (read.paymentId !== params[parameter]) {
      throw Problem.forbidden('The read token is for another payment.');
    }
    return { kind: 'read_token', paymentId: read.paymentId };
  }
}

function withScopes(key: ApiKey, scopes: readonly string[]): CallerIdentity {
  const missing = scopes.filter((scope) => !key.scopes.includes(scope));
  if (missing.length > 0) {
    throw Problem.forbidden(`The API key lacks the scope ${missing.join(', ')}.`);
  }
  return { kind: 'api_key', id: key.id, storefront: key.storefront, scopes: key.scopes };
}

function bearerOf(request: FastifyRequest): string | undefined {
  return /^Bearer ([^\s]+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

function tokenInQuery(request: FastifyRequest): string | undefined {
  const { token } = request.query as Readonly<Record<string, unknown>>;
  return typeof token === 'string' ? token : undefined;
}

function tooMany(retryAfter: number): Problem {
  const options = { code: 'too_many_requests', retryAfter };
  return new Problem(429, 'Too many requests with these credentials; slow down.', options);
}

function missingKey(): Problem {
  return Problem.unauthorized('Send a valid API key as Authorization: Bearer <key>.');
}

/** Whether a handler, or its controller, is `@Public()`. */
export function isPublic(controller: object, handler: object): boolean {
  return metadataOf<boolean>(PUBLIC, controller, handler) === true;
}

function metadata<T>(key: string, context: ExecutionContext): T | undefined {
  return metadataOf(key, context.getClass(), context.getHandler());
}

function metadataOf<T>(key: string, controller: object, handler: object): T | undefined {
  const onHandler = Reflect.getMetadata(key, handler) as T | undefined;
  return onHandler ?? (Reflect.getMetadata(key, controller) as T | undefined);
}
