import { rebuildProjection, type Difference, type RebuildOptions } from '@paylog/event-sourcing';
import { PAYMENTS_TABLE, refold } from './refold.js';

/** What the command prints. */
export interface RebuiltPayments {
  readonly payments: number;
  readonly events: number;
  readonly equal: boolean;
  readonly swapped: boolean;
  readonly digests: { readonly log: string; readonly projection: string };
  readonly differing: number;
  /** The first 100, by payment id. */
  readonly differences: readonly {
    readonly paymentId: string;
    readonly found: Difference['found'];
  }[];
}

/** Folds every payment's facts anew and compares with the read model. */
export async function rebuildPayments(
  options: Omit<RebuildOptions<string>, 'table' | 'refold'>,
): Promise<RebuiltPayments> {
  const whole = { ...options, table: PAYMENTS_TABLE, refold };
  const { rows, differences, events, ...rest } = await rebuildProjection(whole);
  return {
    payments: rows,
    events,
    ...rest,
    differences: differences.map(({ key, found }) => ({ paymentId: key, found })),
  };
}
