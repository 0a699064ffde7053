import type { Names } from './aliases.js';
import { byText } from './fact-set.js';
import type { TotalFact } from './fact.js';
import { larger } from './money.js';
import type { Operation } from './payment.js';

/** Id of the operation that stands for what the gateway captured beyond the captures known one by one. */
export const FOREIGN_CAPTURE = 'foreign';

/**
 * A running total is a lower bound of what was ever captured. What it has beyond the captures known to have succeeded
 * (reversed ones did) is a foreign capture, one a currency. Twins report one total under two objects, so the highest
 * total holds, never their sum.
 */
export function foreignCaptures(
  operations: readonly Operation[],
  totals: readonly TotalFact[],
  names: Names,
  locked: string | undefined,
): readonly Operation[] {
  if (totals.length === 0) return [];
  const currencies = [...new Set(totals.map((total) => total.value.currency))].sort(byText);
  return currencies.flatMap((currency) => {
    const known = everCaptured(operations, currency);
    const told = totals.filter((total) => total.value.currency === currency);
    const highest = told.map((total) => total.value.minor).reduce(larger, 0n);
    if (highest <= known) return [];
    const [object] = told
      .filter((total) => total.value.minor === highest)
      .map((total) => names.rootOf(total.object))
      .sort(byText);
    return [foreignCapture(highest - known, currency, locked, object)];
  });
}

function foreignCapture(
  minor: bigint,
  currency: string,
  locked: string | undefined,
  object: string | undefined,
): Operation {
  return {
    id: currency === locked ? FOREIGN_CAPTURE : `${FOREIGN_CAPTURE}/${currency}`,
    kind: 'capture',
    status: 'succeeded',
    amount: { minor, currency },
    ...(object !== undefined && { parent: object }),
    foreign: true,
    aliases: [],
  };
}

/** Sum of the captures that ever succeeded, reversed ones included. */
function everCaptured(operations: readonly Operation[], currency: string): bigint {
  let sum = 0n;
  for (const operation of operations) {
    if (operation.kind !== 'capture' || operation.amount?.currency !== currency) continue;
    if (operation.status === 'succeeded' || operation.status === 'reversed') {
      sum += operation.amount.minor;
    }
  }
  return sum;
}
