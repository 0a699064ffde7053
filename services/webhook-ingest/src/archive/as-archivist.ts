import { type EventLog, postgresLog } from '@paylog/event-sourcing';
import { createPool } from '@paylog/postgres';
import type { Pool } from 'pg';
import { ARCHIVE } from './announcements.js';

const SECONDS_MAX = 600;

/** Runs a command as the archivist (`ARCHIVIST_DATABASE_URL`), and sets the process's exit code. */
export async function asArchivist(
  work: (pool: Pool, log: EventLog) => Promise<number>,
): Promise<void> {
  const url = process.env['ARCHIVIST_DATABASE_URL'];
  try {
    if (!url)
      throw new Error('ARCHIVIST_DATABASE_URL is missing: webhook-ingest’s database, as archivist');
    const options = { name: 'archivist', max: 2, transactionTimeoutMs: SECONDS_MAX * 1_000 };
    const pool = createPool(url, { ...options, connectTimeoutMs: 5_000 });
    try {
      process.exitCode = await work(pool, await postgresLog(pool, ARCHIVE));
    } finally {
      await pool.end();
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
