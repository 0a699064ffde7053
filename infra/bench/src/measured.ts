/** One round of one contender. A round whose rows are not those acknowledged is void. */
export interface Measured {
  /** Counted in the database (or on the topic) after the round. */
  readonly rows: number;
  /** What the contender was told is done. */
  readonly acked: number;
  readonly seconds: number;
  readonly latencyMs?: { readonly p50: number; readonly p99: number; readonly p999: number };
  /** What does not depend on the noise of the machine, a row. */
  readonly counters?: Readonly<Record<string, number>>;
}
