import type { Kind } from './fact.js';
import type { Operation, OperationStatus } from './payment.js';

/** Ours in doubt beside the foreign ones that may be the same, of one kind. */
export interface Doubt {
  readonly ours: readonly string[];
  readonly foreign: readonly string[];
}

const MATCHABLE: readonly Kind[] = ['authorization', 'capture', 'void', 'refund'];

/**
 * Until an operation of ours in doubt is aliased, a foreign one of its kind may be the same. Nothing is merged on a
 * likeness, least of all an equal amount: the foreign one counts, ours stays open, and both are named.
 */
export function doubtsIn(operations: readonly Operation[]): readonly Doubt[] {
  if (!operations.some(inDoubt)) return [];
  return MATCHABLE.flatMap((kind) => {
    const alike = operations.filter((operation) => operation.kind === kind);
    const ours = alike.filter(inDoubt).map(({ id }) => id);
    const foreign = alike.filter((operation) => operation.foreign).map(({ id }) => id);
    return ours.length > 0 && foreign.length > 0 ? [{ ours, foreign }] : [];
  });
}

function inDoubt(operation: Operation): boolean {
  return !operation.foreign && operation.aliases.length === 0 && isOpen(operation.status);
}

/** May the gateway still do something about it, or have done it unknown to us? */
export function isOpen(status: OperationStatus): boolean {
  switch (status) {
    case 'requested':
    case 'unknown':
    case 'pending':
    case 'contradicted':
      return true;
    case 'not_attempted':
    case 'expired':
    case 'canceled':
    case 'refused':
    case 'succeeded':
    case 'reversed':
      return false;
  }
}
