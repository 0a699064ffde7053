/** What the oracle found broken: a name that stays the same from run to run, and where to look. */
export interface Violation {
  readonly invariant: Invariant;
  /** At most five, each readable alone: which payment, row or webhook, what was expected, what was found. */
  readonly examples: readonly string[];
}

/** Every promise that the oracle holds the system to. */
export const INVARIANTS = [
  'acked-webhook-stored',
  'stored-webhook-applied',
  'acked-order-answered',
  'captured-once',
  'refunded-once',
  'released-once',
  'released-after-capture',
  'released-when-paid',
  'versions-gapless',
  'positions-gapless',
  'chains-verify',
  'log-equals-topic',
  'live-equals-rebuilt',
  'ledger-balanced',
  'nothing-stuck',
  'nothing-parked',
  'state-as-the-gateway-says',
  'services-recover',
] as const;
export type Invariant = (typeof INVARIANTS)[number];
