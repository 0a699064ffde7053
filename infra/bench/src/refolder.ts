import type { Pool } from 'pg';
import type { Contender } from './bench.js';

/** Refolds, or reads, what payment-state's log holds. */
export interface Refolder {
  readonly key: string;
  readonly role: Contender['role'];
  /** Answers how many events it has folded, or read. */
  run(pool: Pool): Promise<number>;
  /** Events that what it wrote accounts for, or that it read: counted in the database. */
  count(pool: Pool): Promise<number>;
}

/** A payment's version is the number of its events: together they are what a whole read model stands for. */
export async function sumOfVersions(pool: Pool, table: string): Promise<number> {
  const { rows } = await pool.query<{ sum: string }>(`select sum(version) from ${table}`);
  return Number(rows[0]?.sum);
}
