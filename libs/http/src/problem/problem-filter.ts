import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '@paylog/observability';
import { annotate, traceparentOf } from '../request/request-log.js';
import { Problem, problemOf } from './problem.js';

/** Maps an error of the service's own to a problem; undefined leaves it to the default. */
export type MapError = (error: unknown) => Problem | undefined;

/** Everything that is thrown on the way to an answer ends here. No `@Catch`: it catches all. */
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly mapError: MapError = () => undefined,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = this.mapError(error) ?? problemOf(error);
    const status = problem.getStatus();
    annotate(request, { problem: problem.document.code, reason: problem.document.detail });
    if (status >= 500) {
      const traceparent = traceparentOf(request);
      this.logger.error({ err: error, path: request.url, traceparent }, 'http request failed');
    }
    if (reply.sent || reply.raw.headersSent) {
      // A stream that breaks half way: the caller must see that it is not complete.
      reply.raw.destroy();
      return;
    }
    if (problem.retryAfter !== undefined) void reply.header('retry-after', problem.retryAfter);
    if (status === 401) void reply.header('www-authenticate', 'Bearer');
    void reply
      .status(status)
      .type('application/problem+json')
      .send(JSON.stringify(problem.document));
  }
}
