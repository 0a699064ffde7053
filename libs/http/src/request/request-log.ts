import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { histogram, traceIdOf } from '@paylog/observability';
import type { Logger } from '@paylog/observability';

const fields = new WeakMap<object, Readonly<Record<string, unknown>>>();

/**
 * Adds fields to the one line that is logged about this request: `eventId`, `paymentId`, `orderId`.
 */
export function annotate(request: FastifyRequest, more: Readonly<Record<string, unknown>>): void {
  const known = fields.get(request.raw);
  fields.set(request.raw, known === undefined ? more : { ...known, ...more });
}

const hushed = new WeakSet<object>();

/**
 * Lowers the line about this request to `debug`, if it ends well: for what has a wide line of its own elsewhere, such as a
 * webhook, which is told of once it is mapped.
 */
export function hush(request: FastifyRequest): void {
  hushed.add(request.raw);
}

/**
 * The W3C traceparent of this request's span: continued from the caller's, or new. Store and send
 * it on.
 */
export function traceparentOf(request: FastifyRequest): string {
  return request.id;
}

/** Asked every few seconds by machines: not worth a line each. */
const QUIET = /^\/(?:health|metrics|docs)/;

/** One wide line and one observation for each answer. */
export function logRequests(fastify: FastifyInstance, logger: Logger): void {
  const duration = histogram(
    'http_request_duration_seconds',
    'Time from the first byte of a request to the last of its answer, by route and status.',
    ['method', 'route', 'status'],
  );
  fastify.addHook(
    'onResponse',
    (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
      const { method } = request;
      const { statusCode, elapsedTime: ms } = reply;
      // The route's pattern, not the path: labels must stay few.
      const route = request.routeOptions.url ?? 'none';
      duration.observe({ method, route, status: String(statusCode) }, ms / 1_000);
      const level = levelOf(request, statusCode);
      if (!logger.isLevelEnabled(level)) return done();
      logger[level](
        {
          method,
          path: request.url,
          status: statusCode,
          ms: Math.round(ms * 10) / 10,
          traceId: traceIdOf(request.id),
          ...fields.get(request.raw),
        },
        'http request',
      );
      done();
    },
  );
}

function levelOf(request: FastifyRequest, status: number): 'debug' | 'info' | 'error' {
  if (QUIET.test(request.url) || (status < 400 && hushed.has(request.raw))) return 'debug';
  return status >= 500 ? 'error' : 'info';
}
