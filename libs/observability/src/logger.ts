import { pino } from 'pino';
import type { Bindings, DestinationStream, LevelWithSilent, Logger as PinoLogger } from 'pino';
import { lineWriter } from './line-writer.js';
import { maskText, maskValue } from './mask.js';
import { parseTraceparent } from './trace.js';

/** A pino logger: `logger.info({ eventId, paymentId, orderId, outcome }, 'fact accepted')`. */
export type Logger = PinoLogger;

export interface LoggerOptions {
  /** Default: `LOG_LEVEL` of the environment, else `info`. */
  readonly level?: LevelWithSilent;
  /** Default: stderr, written once a turn of the event loop and before the process ends. */
  readonly destination?: DestinationStream;
}

let shared: DestinationStream | undefined;
const stderr = (): DestinationStream => (shared ??= lineWriter(2));

const LEVELS: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/**
 * JSON lines to stderr; stdout stays free for what a command answers. Write one wide line for each
 * message handled, with `eventId`, `paymentId` and `orderId` where they are known. Credentials,
 * client secrets and card numbers are masked in every field, message and stack.
 */
export function createLogger(service: string, options: LoggerOptions = {}): Logger {
  const instance = process.env['SERVICE_INSTANCE'];
  const logger = pino(
    {
      level: options.level ?? levelFrom(process.env['LOG_LEVEL']),
      base: { service, ...(instance ? { instance } : {}), pid: process.pid },
      messageKey: 'msg',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => maskValue(fields) as Record<string, unknown>,
      },
      // Errors are turned into masked objects by `log`; pino's own serializer would undo nothing,
      // but cost.
      serializers: { err: (value: unknown) => value },
      hooks: {
        logMethod(args, method) {
          method.apply(this, maskArguments(args) as Parameters<typeof method>);
        },
      },
    },
    options.destination ?? stderr(),
  );
  return maskChildren(logger);
}

/** pino's `formatters` leave the bindings of a child alone. Children inherit the method. */
function maskChildren(logger: Logger): Logger {
  type Child = (this: Logger, bindings: Bindings, options?: object) => Logger;
  const plain = logger.child as unknown as Child;
  const masking: Child = function (bindings, options) {
    return plain.call(this, maskValue(bindings) as Bindings, options);
  };
  return Object.assign(logger, { child: masking as unknown as Logger['child'] });
}

/** Fields are masked by `log`; message, interpolated values and a bare error's message are not. */
function maskArguments(args: readonly unknown[]): unknown[] {
  const [first, ...rest] = args;
  if (first instanceof Error && rest.length === 0) return [{ err: first }, maskText(first.message)];
  const head = typeof first === 'string' ? maskText(first) : first;
  return [head, ...rest.map((arg) => maskValue(arg))];
}

type HeaderValue = string | Buffer | readonly (string | Buffer)[] | null | undefined;

/**
 * A child that carries what a message's headers say about it: event id, type, trace, correlation.
 */
export function childFromHeaders(
  logger: Logger,
  headers: Readonly<Record<string, HeaderValue>>,
): Logger {
  const eventId = textOf(headers['ce_id']);
  const eventType = textOf(headers['ce_type']);
  const correlationId = textOf(headers['correlationid']);
  const trace = parseTraceparent(textOf(headers['traceparent']));
  return logger.child({
    ...(eventId === undefined ? {} : { eventId }),
    ...(eventType === undefined ? {} : { eventType }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(trace === undefined ? {} : { traceId: trace.traceId }),
  });
}

function textOf(value: HeaderValue): string | undefined {
  const first = Array.isArray(value) ? (value[0] as string | Buffer | undefined) : value;
  if (first === undefined || first === null) return undefined;
  return typeof first === 'string' ? first : first.toString();
}

function levelFrom(text: string | undefined): LevelWithSilent {
  return text !== undefined && LEVELS.includes(text) ? (text as LevelWithSilent) : 'info';
}
