/** Percentiles in milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** Of every single reading, not of a sample or of buckets. Sorts what it is given. */
export function latencies(took: Float64Array): Latency {
  took.sort();
  const at = (share: number): number =>
    took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}
