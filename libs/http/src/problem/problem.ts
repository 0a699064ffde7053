import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';

/** One rejected field; `field` is a path such as `amount.minor`. */
export interface FieldProblem {
  readonly field: string;
  readonly detail: string;
}

export interface ProblemOptions {
  /** A stable, machine-readable name, `snake_case`: the last part of `type`. */
  readonly code?: string;
  readonly title?: string;
  /** The field at fault, where there is one. */
  readonly field?: string;
  readonly errors?: readonly FieldProblem[];
  /** Seconds; sent as the header Retry-After. */
  readonly retryAfter?: number;
  /** More members of the document. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** RFC 9457, section 3. `type` is `about:blank` where the status says it all. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code?: string;
  readonly field?: string;
  readonly errors?: readonly FieldProblem[];
  readonly [extension: string]: unknown;
}

/** An answer that refuses a request: thrown by a handler, sent as `application/problem+json`. */
export class Problem extends HttpException {
  readonly document: ProblemDocument;
  readonly retryAfter: number | undefined;

  constructor(status: number, detail: string, options: ProblemOptions = {}) {
    const document = documentOf(status, detail, options);
    super(document, status, options.cause === undefined ? {} : { cause: options.cause });
    this.message = detail;
    this.document = document;
    this.retryAfter = options.retryAfter;
  }

  /** 400: the request itself is malformed. */
  static badRequest(detail: string, options: ProblemOptions = {}): Problem {
    return new Problem(400, detail, { code: 'invalid_request', ...options });
  }

  /** 401: no credentials, or none we know. */
  static unauthorized(detail: string, options: ProblemOptions = {}): Problem {
    return new Problem(401, detail, { code: 'unauthorized', ...options });
  }

  /** 403: known, but not allowed to. */
  static forbidden(detail: string, options: ProblemOptions = {}): Problem {
    return new Problem(403, detail, { code: 'forbidden', ...options });
  }

  static notFound(detail: string, options: ProblemOptions = {}): Problem {
    return new Problem(404, detail, { code: 'not_found', ...options });
  }

  /** 409: contradicts what is stored, or is still in flight (then give `retryAfter`). */
  static conflict(detail: string, options: ProblemOptions = {}): Problem {
    return new Problem(409, detail, { code: 'conflict', ...options });
  }

  /** 422: well-formed, but refused for what it says. */
  static unprocessable(detail: string, options: ProblemOptions = {}): Problem {
    return new Problem(422, detail, { code: 'unprocessable', ...options });
  }

  /** 503 with Retry-After (default 1 second): overloaded, or something we need is away. */
  static unavailable(detail: string, options: ProblemOptions = {}): Problem {
    return new Problem(503, detail, { code: 'unavailable', retryAfter: 1, ...options });
  }
}

function documentOf(status: number, detail: string, options: ProblemOptions): ProblemDocument {
  return {
    ...options.extensions,
    type: options.code === undefined ? 'about:blank' : `urn:paylog:problem:${options.code}`,
    title: options.title ?? STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    ...(options.code === undefined ? {} : { code: options.code }),
    ...(options.field === undefined ? {} : { field: options.field }),
    ...(options.errors === undefined ? {} : { errors: options.errors }),
  };
}

/** What of a thrown value may be shown to a caller: never the text of a fault of ours. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HttpException) return fromHttpException(error);
  if (isTransient(error)) {
    return Problem.unavailable('The service cannot answer right now; try again.', { cause: error });
  }
  const status = clientStatusOf(error);
  if (status !== undefined) return fromFastify(status, error as Error);
  return new Problem(500, 'Something went wrong on our side; it has been logged.', {
    code: 'internal_error',
    cause: error,
  });
}

function fromHttpException(error: HttpException): Problem {
  const status = error.getStatus();
  if (status === 404) return Problem.notFound(error.message);
  return new Problem(status, error.message, { cause: error });
}

function fromFastify(status: number, error: Error): Problem {
  if (status === 413) {
    return new Problem(413, 'The body is too large.', { code: 'body_too_large', cause: error });
  }
  return new Problem(status, error.message, {
    ...(status === 400 ? { code: 'invalid_request' } : {}),
    cause: error,
  });
}

/** Codes of a connection that is refused, lost or not answered: somebody else is away. */
const AWAY_NETWORK =
  /^(?:ECONN(?:REFUSED|RESET|ABORTED)|ETIMEDOUT|EPIPE|E(?:HOST|NET)UNREACH|ENOTFOUND)$/;
/** Connection exception, shutting down, out of resources (PostgreSQL, appendix A). */
const AWAY_POSTGRES = /^(?:08\w{3}|57P0\d|53\d{3})$/;

function isTransient(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { transient, code } = error as { transient?: unknown; code?: unknown };
  if (typeof transient === 'boolean') return transient;
  return typeof code === 'string' && (AWAY_NETWORK.test(code) || AWAY_POSTGRES.test(code));
}

function clientStatusOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { statusCode, code } = error as { statusCode?: unknown; code?: unknown };
  const ofFastify = typeof code === 'string' && code.startsWith('FST_');
  if (!ofFastify || typeof statusCode !== 'number') return undefined;
  return statusCode >= 400 && statusCode < 500 ? statusCode : undefined;
}
