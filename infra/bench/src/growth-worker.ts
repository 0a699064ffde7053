import { performance } from 'node:perf_hooks';
import { createPool } from '@paylog/postgres';
import { FactFeed } from './fact-feed.js';
import { turnsOf } from './growth-turns.js';

/** What the bench asks for: these payments, of which the database knows so many facts. */
export interface Task {
  readonly numbers: readonly number[];
  readonly known: number;
}

export interface Done {
  readonly facts: number;
  readonly seconds: number;
  readonly cpuMicros: number;
  /** After a collection of garbage: what the process keeps. */
  readonly heapBytes: number;
  readonly rssBytes: number;
}

/** A process of its own for each size, as payment-state has one: what it keeps is that of this size alone. */
const [url = ''] = process.argv.slice(2);
const pool = createPool(url, { name: 'growth', connectTimeoutMs: 30_000 });
const feed = await FactFeed.open(pool);

async function perform({ numbers, known }: Task): Promise<Done> {
  const turns = turnsOf(numbers, known);
  const batches = turns.map(({ partition, told }) => feed.batch(partition, told));
  const cpu = process.cpuUsage();
  const started = performance.now();
  for (const batch of batches) await feed.take(batch);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const facts = turns.reduce((sum, { told }) => sum + told.length, 0);
  return { facts, seconds, cpuMicros: user + system, heapBytes: heapUsed, rssBytes: rss };
}

async function answer(task: Task): Promise<void> {
  try {
    process.send?.(await perform(task));
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
}

process.on('message', (task: Task) => void answer(task));
process.on('disconnect', () => void pool.end());
process.send?.('ready');
