import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { histogram, traceIdOf } from '@paylog/observability';
import type { Logger } from '@paylog/observability';

declare module 'fastify' {
  interface FastifyRequest {
    /** More fields of its log line. */
    lineFields: Readonly<Record<string, unknown>> | null;
    /** Logged at `debug`, if it ends well. */
    hushed: boolean;
  }
}

/**
 * Adds fields to the one line that is logged about this request: `eventId`, `paymentId`, `orderId`.
 */
export function annotate(request: FastifyRequest, more: Readonly<Record<string, unknown>>): void {
  request.lineFields = request.lineFields === null ? more : { ...request.lineFields, ...more };
}

/**
 * Lowers the line about this request to `debug`, if it ends well: for what has a wide line of its own elsewhere, such as a
 * webhook, which is told of once it is mapped.
 */
export function hush(request: FastifyRequest): void {
  request.hushed = true;
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
  fastify.decorateRequest('lineFields', null);
  fastify.decorateRequest('hushed', false);
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
          ...request.lineFields,
        },
        'http request',
      );
      done();
    },
  );
}

function levelOf(request: FastifyRequest, status: number): 'debug' | 'info' | 'error' {
  if (QUIET.test(request.url) || (status < 400 && request.hushed)) return 'debug';
  return status >= 500 ? 'error' : 'info';
}
