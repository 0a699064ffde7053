import type { Pool } from 'pg';
import type { Contender } from './bench.js';

/** One that stores the work: what a round does with a database that begins the same each time. */
export interface Appender {
  readonly key: string;
  readonly role: Contender['role'];
  /** True: begins with payment-state's schema; false: with nothing. */
  readonly paymentState: boolean;
  /** Where its events end up, for counting. */
  readonly table: string;
  readonly connections: number;
  /** Before the clock. */
  prepare(pool: Pool, url: string): Promise<void>;
  /** In the clock. Answers how many events it was told are stored. */
  store(pool: Pool, url: string): Promise<number>;
}

/** Takes the items one after the other, so many at a time. */
export async function inParallel<T>(
  width: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const next = items.values();
  const worker = async () => {
    for (const item of next) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
