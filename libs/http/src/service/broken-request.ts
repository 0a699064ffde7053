import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Problem } from '../problem/problem.js';

type ClientError = Error & { readonly code?: string };

const TOO_LATE = 'ERR_HTTP_REQUEST_TIMEOUT';
const BROKEN: Readonly<Record<string, readonly [number, string]>> = {
  [TOO_LATE]: [408, 'The request took too long to arrive.'],
  HPE_HEADER_OVERFLOW: [431, 'The headers are too large.'],
};

/** What never became a request (bad framing, too slow, headers too large) still gets a problem. */
export function answerBrokenRequest(error: ClientError, socket: Socket, server: Server): void {
  if (error.code === TOO_LATE) return answerLate(socket, server);
  const [status, detail] = BROKEN[error.code ?? ''] ?? [400, 'The request is not valid HTTP.'];
  if (error.code === 'ECONNRESET') socket.destroy();
  else end(socket, new Problem(status, detail));
}

/**
 * Node looks at its clock before it looks at its sockets: after a standstill of this process it holds a sender late whose
 * bytes lie here since long. One turn later they are read: a request that is whole now is answered like any other,
 * one that was on its way is asked to come again, and only who sent nothing was late.
 */
function answerLate(socket: Socket, server: Server): void {
  const { bytesRead } = socket;
  let read: IncomingMessage | undefined;
  const note = (request: IncomingMessage): void => {
    if (request.socket === socket) read = request;
  };
  server.on('request', note);
  setImmediate(() => {
    server.off('request', note);
    if (read?.complete) return;
    if (socket.bytesRead === bytesRead)
      end(socket, new Problem(...(BROKEN[TOO_LATE] as [number, string])));
    else end(socket, Problem.unavailable('The request could not be read in time; send it again.'));
  });
}

function end(socket: Socket, problem: Problem): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const status = problem.getStatus();
  const body = JSON.stringify(problem.document);
  const again = status === 503 ? 'retry-after: 1\r\n' : '';
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/problem+json\r\n${again}` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
