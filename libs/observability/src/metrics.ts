import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export type { Counter, Gauge, Histogram };

/** The process's Prometheus registry; `runService` serves it at `/metrics`. */
export const metrics = new Registry();

/** 0.5 ms to 10 s, in seconds: from a group commit to a gateway that hangs. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

let collecting = false;

/** Process metrics (CPU, memory, event loop). Called by `runService`; more calls change nothing. */
export function startDefaultMetrics(): void {
  if (collecting) return;
  collecting = true;
  collectDefaultMetrics({ register: metrics });
}

/** The counter of that name, made on first use. Names end in `_total`. */
export function counter<L extends string = never>(
  name: string,
  help: string,
  labelNames: readonly L[] = [],
): Counter<L> {
  return known<Counter<L>>(name) ?? new Counter({ name, help, labelNames, registers: [metrics] });
}

/** The gauge of that name. `collect` is asked at each scrape. */
export function gauge<L extends string = never>(
  name: string,
  help: string,
  labelNames: readonly L[] = [],
  collect?: (this: Gauge<L>) => void | Promise<void>,
): Gauge<L> {
  return (
    known<Gauge<L>>(name) ??
    new Gauge({ name, help, labelNames, registers: [metrics], ...(collect ? { collect } : {}) })
  );
}

/**
 * The histogram of that name. Default buckets are seconds; names of durations end in `_seconds`.
 */
export function histogram<L extends string = never>(
  name: string,
  help: string,
  labelNames: readonly L[] = [],
  buckets: readonly number[] = SECONDS,
): Histogram<L> {
  return (
    known<Histogram<L>>(name) ??
    new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [metrics] })
  );
}

function known<M>(name: string): M | undefined {
  return metrics.getSingleMetric(name) as M | undefined;
}
