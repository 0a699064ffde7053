import { Overloaded } from '@paylog/event-sourcing';
import { Problem } from '@paylog/http';
import { isConnectionLost } from '@paylog/postgres';

/** Faults of the parts every service has, as problems: 503 with Retry-After, since nothing was done. */
export function mapError(error: unknown): Problem | undefined {
  if (isConnectionLost(error)) {
    return Problem.unavailable('The database is away; try again shortly.', {
      retryAfter: 1,
      cause: error,
    });
  }
  if (error instanceof Overloaded) {
    return Problem.unavailable('Too much is waiting to be written; try again shortly.', {
      retryAfter: 1,
    });
  }
  return undefined;
}
