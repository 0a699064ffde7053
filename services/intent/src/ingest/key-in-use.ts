import { Problem } from '@paylog/http';

/** Longer than any answer waits: after it the first caller is taken for dead. */
export const LOCK_SPARE_MS = 5_000;
export const RETRY_AFTER_SECONDS = 1;

export function inFlight(): Problem {
  return Problem.conflict('The first request with this Idempotency-Key is still being answered.', {
    code: 'request_in_flight',
    retryAfter: RETRY_AFTER_SECONDS,
  });
}

export function keyReused(): Problem {
  return Problem.unprocessable('This Idempotency-Key was used for another request.', {
    code: 'idempotency_key_reused',
    field: 'Idempotency-Key',
  });
}
