import Table from 'cli-table3';
import { medianCounters, type BenchResult, type Figures } from './bench.js';

/** The figures for a person: one line a contender, medians, the ratio with its range. */
export function tableOf(result: BenchResult, figures: readonly Figures[]): string {
  const latencies = Object.keys(result.latencyMs).length > 0;
  const head = [
    '',
    'rows/s',
    'ours is',
    'min to max',
    ...(latencies ? ['p50', 'p99', 'p99.9'] : []),
  ];
  head.push('fsyncs', 'WAL bytes', 'round trips', 'CPU µs');
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { key, role, rounds } of figures) {
    const ratio = result.ratios[key];
    const counters = medianCounters(rounds);
    const latency = result.latencyMs[key];
    const counter = (name: string) => shown(counters[name]);
    table.push([
      role === 'peer' ? key : `${key} (${role})`,
      shown(result.rowsPerSecond[key]?.median),
      ratio ? `${shown(ratio.median)} x` : '',
      ratio ? `${shown(ratio.min)} to ${shown(ratio.max)}` : '',
      ...(latencies ? [latency?.p50, latency?.p99, latency?.p999].map(milliseconds) : []),
      ...['fsyncs', 'walBytes', 'roundTrips', 'cpuMicros'].map(counter),
    ]);
  }
  const { rounds, disk, runtime, rows } = result;
  const note =
    `${result.name}: ${rounds} rounds, ${rows} rows of ours counted and acknowledged, ${result.void} rounds void; ` +
    `${runtime}; ${disk.median.toFixed(0)} fdatasync/s (${disk.min} to ${disk.max}). ` +
    'Counters are a row; ratios are of one run, the median of the rounds.';
  return `${table.toString()}\n${note}`;
}

const milliseconds = (value: number | undefined): string =>
  value === undefined ? '' : `${shown(value)} ms`;

function shown(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
