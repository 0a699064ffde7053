import { counted, type Seen } from './operations.js';
import type { Operation } from './payment.js';

/** How the gateway's container of tries ended: `paid` when it succeeded and the money it took is known. */
export type ContainerEnd = 'paid' | 'canceled' | 'expired';

/**
 * An ended container can't be paid any more, and what it held uncaptured is released. A container that succeeded has ended
 * only while money it took is there: before any capture is known its money is still to be reported, and when all of it was
 * taken back the shopper may pay again, until the container is closed.
 */
export function containerEnd(
  seen: readonly Seen[],
  captures: readonly Operation[],
): ContainerEnd | undefined {
  const sessions = seen.filter(({ operation }) => operation.kind === 'session');
  const took = captures.some((capture) => counted(capture) > 0n);
  let end: ContainerEnd | undefined;
  for (const { operation, outcomes } of sessions) {
    switch (operation.status) {
      case 'pending':
      case 'contradicted':
        return undefined; // One container is still open.
      case 'succeeded':
        if (took) end = 'paid';
        else if (outcomes.has('canceled')) end = end === 'paid' ? end : 'canceled';
        else if (outcomes.has('expired')) end ??= 'expired';
        else return undefined;
        break;
      case 'canceled':
      case 'refused':
      case 'reversed':
        end = end === 'paid' ? end : 'canceled';
        break;
      case 'expired':
        end ??= 'expired';
        break;
      case 'requested':
      case 'unknown':
      case 'not_attempted':
        break; // Says nothing about a container at the gateway.
    }
  }
  return end;
}

/** Is the operation about the attempt as a whole: without a parent, or with the container as its parent? */
export function concernsWholeAttempt(
  operation: Operation,
  operations: readonly Operation[],
): boolean {
  if (operation.parent === undefined) return true;
  return operations.some(({ id, kind }) => kind === 'session' && id === operation.parent);
}
