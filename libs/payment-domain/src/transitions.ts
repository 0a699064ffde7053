import { byIdAndKind, counted } from './operations.js';
import type { Operation, Payment, Transition } from './payment.js';

/** ISO 4217: no currency. */
const NO_CURRENCY = 'XXX';

/**
 * What changed between two states of one payment, by operation: status, counted amount, or both. Along any path of
 * states the deltas of a kind and currency add up to its amount. An alias that merges a foreign operation with ours
 * shows as the foreign one going to `none` and ours taking its place.
 */
export function transitions(before: Payment, after: Payment): Transition[] {
  const earlier = byKey(before.operations);
  const later = byKey(after.operations);
  const all = new Map([...earlier, ...later]);
  return [...all.entries()]
    .sort(([, a], [, b]) => byIdAndKind(a, b))
    .flatMap(([key, { id, kind }]) => {
      const from = earlier.get(key);
      const to = later.get(key);
      const statuses = { from: from?.status ?? 'none', to: to?.status ?? 'none' } as const;
      const changed = statuses.from !== statuses.to;
      return deltas(from, to, changed).map((delta) => ({
        operation: id,
        kind,
        ...statuses,
        ...delta,
      }));
    });
}

function byKey(operations: readonly Operation[]): ReadonlyMap<string, Operation> {
  return new Map(operations.map((operation) => [`${operation.kind} ${operation.id}`, operation]));
}

/** One delta a currency that changed; one of nothing when only the status did. */
function deltas(
  from: Operation | undefined,
  to: Operation | undefined,
  changed: boolean,
): readonly Pick<Transition, 'delta' | 'currency'>[] {
  const was = from ? counted(from) : 0n;
  const is = to ? counted(to) : 0n;
  const wasIn = from?.amount?.currency;
  const isIn = to?.amount?.currency;
  const parts =
    wasIn === isIn || wasIn === undefined || isIn === undefined
      ? [{ delta: is - was, currency: isIn ?? wasIn }]
      : [
          { delta: -was, currency: wasIn },
          { delta: is, currency: isIn },
        ];
  const telling = parts.filter(({ delta }) => delta !== 0n);
  const shown = telling.length === 0 && changed ? parts.slice(-1) : telling;
  const asked = to?.asked?.currency ?? from?.asked?.currency ?? NO_CURRENCY;
  return shown.map(({ delta, currency }) => ({ delta, currency: currency ?? asked }));
}
