const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'ERR_STREAM_DESTROYED',
]);

/** Connection exceptions, shutdown and crash of the server, too many connections. */
const SQLSTATES = /^(08...|57P0.|53300)$/;

/** node-postgres has no codes for these. */
const MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Client (was closed|has encountered a connection error))/;

/**
 * Whether the database was out of reach, in any of the ways that node, node-postgres and the server
 * say so. What was in flight may have been committed: look before doing it again.
 */
export function isConnectionLost(error: unknown): boolean {
  // By shape, not by class: an error of node's own is no `Error` of a test's sandbox.
  if (typeof error !== 'object' || error === null) return false;
  if ('errors' in error && Array.isArray(error.errors)) return error.errors.some(isConnectionLost);
  const code = textOf(error, 'code');
  return SOCKET_CODES.has(code) || SQLSTATES.test(code) || MESSAGES.test(textOf(error, 'message'));
}

/** The SQLSTATE of a server's error, or '' for any other. */
export function sqlState(error: unknown): string {
  const code = typeof error === 'object' && error !== null ? textOf(error, 'code') : '';
  return /^[0-9A-Z]{5}$/.test(code) ? code : '';
}

function textOf(error: object, name: 'code' | 'message'): string {
  const value: unknown = (error as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : '';
}
