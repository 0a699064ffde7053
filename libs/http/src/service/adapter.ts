import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { continueTrace, metrics } from '@paylog/observability';
import type { Logger } from '@paylog/observability';
import { type Problem, problemOf } from '../problem/problem.js';
import { crossAnswers } from '../request/answer-failpoints.js';
import { parseBodies } from '../request/body-parser.js';
import { logRequests } from '../request/request-log.js';
import { answerBrokenRequest } from './broken-request.js';
import type { Health } from './health.js';

/** Slow senders must not hold a connection: head within 5 s, whole request within 15 s. */
const HEADERS_MS = 5_000;
const REQUEST_MS = 15_000;
/** Silence on a socket, longer than any answer of ours takes; streams send a heartbeat oftener. */
const IDLE_SOCKET_MS = 75_000;
/**
 * Longer than common proxies keep theirs, so that they close first and never hit a closed socket.
 */
const KEEP_ALIVE_MS = 72_000;
const HEADER_BYTES_MAX = 16 * 1024;

export interface AdapterOptions {
  readonly health: Health;
  readonly logger: Logger;
  readonly bodyLimitBytes: number;
}

/**
 * Fastify with our limits, parsers, log line, health and metrics routes; Nest's routes come on top.
 */
export function createAdapter(options: AdapterOptions): FastifyAdapter {
  const adapter = new FastifyAdapter({
    logger: false,
    bodyLimit: options.bodyLimitBytes,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionTimeout: IDLE_SOCKET_MS,
    requestTimeout: REQUEST_MS,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    http: {
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: HEADER_BYTES_MAX,
    },
    genReqId: (request: { headers: Record<string, unknown> }) => {
      const header = request.headers['traceparent'];
      return continueTrace(typeof header === 'string' ? header : undefined);
    },
    frameworkErrors: (error: Error, _request: FastifyRequest, reply: FastifyReply) => {
      sendProblem(reply, problemOf(error));
    },
    clientErrorHandler: (error: Error, socket: Socket) => {
      answerBrokenRequest(error, socket, adapter.getInstance().server);
    },
  });
  const fastify = adapter.getInstance() as FastifyInstance;
  parseBodies(fastify);
  logRequests(fastify, options.logger);
  crossAnswers(fastify);
  addHealthRoutes(fastify, options.health);
  return adapter;
}

function addHealthRoutes(fastify: FastifyInstance, health: Health): void {
  fastify.get('/health/live', () => ({ status: 'up' }));
  fastify.get('/health/ready', async (_request, reply) => {
    const report = await health.report();
    const ready = report.status === 'up' || report.status === 'degraded';
    if (!ready) void reply.status(503).header('retry-after', 1);
    return report;
  });
  fastify.get('/metrics', async (_request, reply) => {
    void reply.type(metrics.contentType);
    return metrics.metrics();
  });
}

function sendProblem(reply: FastifyReply, problem: Problem): void {
  void reply
    .status(problem.getStatus())
    .type('application/problem+json')
    .send(JSON.stringify(problem.document));
}
