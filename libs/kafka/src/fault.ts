import { isConnectionLost, sqlState } from '@paylog/postgres';

/** Where in the life of a message a fault happened; part of what an operator reads. */
export type Stage = 'connect' | 'read' | 'decode' | 'handle' | 'publish' | 'provision';

/** A thrown error of this library. `transient`: the same call may succeed later, unchanged. */
export class KafkaFault extends Error {
  override readonly name = 'KafkaFault';

  constructor(
    readonly code: string,
    readonly stage: Stage,
    readonly transient: boolean,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Text of anything thrown, for logs and for parked rows. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(reasonOf).join('; ');
  }
  if (error instanceof Error) return error.message || error.name;
  return typeof error === 'string' ? error : JSON.stringify(error);
}

interface KafkaJsError {
  readonly name: string;
  readonly message: string;
  readonly type?: string;
  readonly retriable?: boolean;
  readonly cause?: unknown;
}

const PROGRAMMING_ERRORS = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);

/**
 * Can only a person help? kafkajs marks nearly everything it gives up on as not retriable, an unreachable broker
 * included, so `retriable` alone says nothing: what counts is a broker's error code (`type`) at the end of the chain
 * of causes, a failed login, or a mistake in the call itself.
 */
export function needsPerson(error: unknown): boolean {
  const root = rootOf(error);
  if (root.retriable === true) return false;
  if (root.name === 'KafkaJSSASLAuthenticationError') return true;
  if (PROGRAMMING_ERRORS.has(root.name)) return true;
  if (root.name === 'KafkaJSNonRetriableError') return true;
  return root.retriable === false && root.type !== undefined;
}

function rootOf(error: unknown): KafkaJsError {
  let root = error as KafkaJsError;
  while (root.cause instanceof Error) root = root.cause;
  return root;
}

// Serialization failure and deadlock (40), out of resources (53), lock not available and object in use (55). A lost
// connection and a server that shuts down are known to libs/postgres.
const TRANSIENT_SQLSTATE = /^(40|53|55)/;

/**
 * Is a handler's error one that passes by itself? An error that says so (`transient`) is believed; a lost database
 * is recognized. Everything else is taken as caused by the message, and ends in the parked rows.
 */
export function passesByItself(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('transient' in error && typeof error.transient === 'boolean') return error.transient;
  if (isConnectionLost(error) || TRANSIENT_SQLSTATE.test(sqlState(error))) return true;
  return passesByItself(error.cause);
}
