import { anythingCaptured } from './captures.js';
import type { Operation } from './payment.js';

/** How the gateway's container of tries ended: `paid` when it succeeded and the money it took is known. */
export type ContainerEnd = 'paid' | 'canceled' | 'expired';

/**
 * An ended container can't be paid any more, and what it held uncaptured is released. A container that succeeded
 * before any capture is known has not ended for us: its money is still to be reported, so nothing may look final.
 */
export function containerEnd(operations: readonly Operation[]): ContainerEnd | undefined {
  const sessions = operations.filter((operation) => operation.kind === 'session');
  const captured = anythingCaptured(operations);
  let end: ContainerEnd | undefined;
  for (const { status } of sessions) {
    switch (status) {
      case 'pending':
      case 'contradicted':
        return undefined; // One container is still open.
      case 'succeeded':
        if (!captured) return undefined;
        end = 'paid';
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
