import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createLogger, startDefaultMetrics } from '@paylog/observability';
import type { Logger } from '@paylog/observability';
import { AccessGuard } from '../access/access-guard.js';
import type { AccessOptions } from '../access/access-guard.js';
import { ApiKeyFile } from '../access/api-key-file.js';
import { ProblemFilter } from '../problem/problem-filter.js';
import type { MapError } from '../problem/problem-filter.js';
import { validationPipe } from '../problem/validation.js';
import { routeRawBodies } from '../request/raw-body.js';
import { createAdapter } from './adapter.js';
import type { Health } from './health.js';
import { nestLogger } from './nest-logger.js';
import { serveOpenApi } from './open-api.js';
import type { DocsOptions } from './open-api.js';
import { runSteps, within } from './shutdown.js';
import type { ShutdownStep } from './shutdown.js';

export type { ShutdownStep };

export interface ServiceOptions {
  /** As in the logs: `intent`. */
  readonly name: string;
  readonly module: Type | DynamicModule;
  /** 0 takes a free port; `RunningService.port` tells which. */
  readonly port: number;
  /** Default: every interface. */
  readonly host?: string;
  readonly health: Health;
  /** Default: `createLogger(name)`. */
  readonly logger?: Logger;
  /** API keys and read tokens; see `AccessOptions`, `@Public()`, `@RequireScopes()`. */
  readonly access?: AccessOptions;
  /** Before the service listens: `app.connectMicroservice(...)`, extra pipes, plugins. */
  readonly configure?: (app: NestFastifyApplication) => void | Promise<void>;
  /** What to stop, in this order, after requests have drained and before Nest's own hooks. */
  readonly onShutdown?: (app: NestFastifyApplication) => readonly ShutdownStep[];
  /** Errors of the service's own as problems; undefined leaves the default. */
  readonly mapError?: MapError;
  /** Default 1 MiB; beyond it the answer is 413. */
  readonly bodyLimitBytes?: number;
  readonly docs?: DocsOptions;
  /** The consumers could not be started. `runService` ends the process; the default only logs. */
  readonly onFailure?: (error: unknown) => void;
}

export interface RunningService {
  readonly app: NestFastifyApplication;
  readonly port: number;
  readonly url: string;
  /**
   * Stops in order; true when every step ended without an error. A second call waits for the first.
   */
  stop(): Promise<boolean>;
}

const BODY_BYTES_MAX = 1024 * 1024;
/** Shutdown takes no longer than this, then the process exits as it is. */
const SHUTDOWN_MS = 5_000;
/**
 * Requests that are being answered get this long; streams that do not heed `health.stopping` are
 * cut.
 */
const DRAIN_MS = 1_500;

/**
 * The whole life of a service process. Listens, starts the consumers, stops in order on SIGTERM or
 * SIGINT within five seconds, and exits: 0 when all went well. What nobody caught is logged and
 * ends the process with 1; the supervisor starts it anew.
 */
export async function runService(options: ServiceOptions): Promise<RunningService> {
  const logger = options.logger ?? createLogger(options.name);
  const die = (reason: string) => (error: unknown) => {
    logger.fatal({ err: error }, reason);
    process.exit(1);
  };
  process.on('uncaughtException', die('uncaught exception'));
  process.on('unhandledRejection', die('unhandled rejection'));
  try {
    const onFailure = options.onFailure ?? die('the consumers could not be started');
    const service = await startService({ ...options, logger, onFailure });
    process.once('SIGTERM', (signal) => void exitInOrder(service, logger, signal));
    process.once('SIGINT', (signal) => void exitInOrder(service, logger, signal));
    return service;
  } catch (error) {
    return die('the service could not be started')(error);
  }
}

/** The service without signals and exits: what specs start, on port 0. */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const logger = options.logger ?? createLogger(options.name);
  const { health } = options;
  startDefaultMetrics();
  const bodyLimitBytes = options.bodyLimitBytes ?? BODY_BYTES_MAX;
  const adapter = createAdapter({ health, logger, bodyLimitBytes });
  const app = await NestFactory.create<NestFastifyApplication>(options.module, adapter, {
    bodyParser: false, // Ours are in place already.
    abortOnError: false,
    logger: nestLogger(logger),
  });
  routeRawBodies(adapter.getInstance(), bodyLimitBytes, (type) => app.get(type, { strict: false }));
  app.useGlobalFilters(new ProblemFilter(logger, options.mapError));
  app.useGlobalPipes(validationPipe());
  app.useGlobalGuards(new AccessGuard(options.access ?? {}));
  serveOpenApi(app, options.name, options.docs ?? {});
  await options.configure?.(app);
  await app.listen(options.port, options.host ?? '0.0.0.0');

  const keys = followKeys(options.access?.keys, health, logger);
  const { port } = app.getHttpServer().address() as AddressInfo;
  logger.info({ port }, 'listening');
  // Not awaited: a broker that is away must not keep a service from answering over HTTP.
  app.startAllMicroservices().catch((error: unknown) => {
    if (options.onFailure) options.onFailure(error);
    else logger.error({ err: error }, 'the consumers could not be started');
  });
  let stopped: Promise<boolean> | undefined;
  const stop = () => {
    keys?.stop();
    return (stopped ??= stopInOrder(app, options, logger));
  };
  return { app, port, url: `http://127.0.0.1:${port}`, stop };
}

function followKeys(
  keys: AccessOptions['keys'],
  health: Health,
  logger: Logger,
): { stop(): void } | undefined {
  if (!(keys instanceof ApiKeyFile)) return undefined;
  health.add('API keys', () => (keys.trouble() === undefined ? 'up' : 'degraded'));
  return keys.follow(logger);
}

async function stopInOrder(
  app: NestFastifyApplication,
  options: ServiceOptions,
  logger: Logger,
): Promise<boolean> {
  options.health.stop();
  return runSteps(
    [
      { name: 'stop accepting requests', run: () => drain(app) },
      ...(options.onShutdown?.(app) ?? []),
      { name: 'close the application', run: () => app.close() },
    ],
    logger,
  );
}

/** No new connections; answers in progress may end; then the rest is cut. */
async function drain(app: NestFastifyApplication): Promise<void> {
  const server = app.getHttpServer();
  const closed = app.getHttpAdapter().close() as Promise<void>;
  const drained = await within(DRAIN_MS, closed);
  if (!drained) server.closeAllConnections();
  await closed;
}

async function exitInOrder(service: RunningService, logger: Logger, signal: string): Promise<void> {
  logger.info({ signal }, 'stopping');
  const deadline = setTimeout(() => {
    logger.fatal({ ms: SHUTDOWN_MS }, 'shutdown took too long; exiting as it is');
    process.exit(1);
  }, SHUTDOWN_MS);
  const clean = await service.stop();
  clearTimeout(deadline);
  logger.info({ clean }, 'stopped');
  process.exit(clean ? 0 : 1);
}
