import { crossing } from '@paylog/failpoints';
import type { Pool } from 'pg';
import type { LogRow } from './log.js';
import { keptStatement } from './log-sql.js';
import { toLogRow, type StoredRow } from './stored-row.js';

const atReadBatch = crossing('event-sourcing.read-batch');

export interface ReadRows {
  readonly rows: readonly LogRow[];
  /** False: the last row was the lane's last when they were read, so nobody need look again before he is woken. */
  readonly mayBeMore: boolean;
}

interface Limits {
  readonly rows: number;
  readonly bytes: number;
}

interface Question {
  readonly lane: number;
  readonly from: bigint;
  readonly limits: Limits;
  resolve(read: ReadRows): void;
  reject(error: unknown): void;
}

interface SeenRow extends StoredRow {
  /** Counted from 1. */
  question: number;
  newest: string;
}

/** What is to be asked when this turn ends, by database (its pool) and schema. */
const waiting = new WeakMap<Pool, Map<string, Question[]>>();

/**
 * Rows of a lane from a position on, within both limits, but at least one if there is one. A flush wakes the readers of
 * all its lanes at once: those who ask in the same turn share one question to the database, and have their answers in
 * the same turn, so that what they publish shares one request too.
 */
export function readBatch(
  pool: Pool,
  schema: string,
  lane: number,
  from: bigint,
  limits: Limits,
): Promise<ReadRows> {
  return new Promise((resolve, reject) => {
    const questions = waitingOf(pool, schema);
    questions.push({ lane, from, limits, resolve, reject });
    if (questions.length === 1) setImmediate(() => void answer(pool, schema, questions.splice(0)));
  });
}

function waitingOf(pool: Pool, schema: string): Question[] {
  const bySchema = waiting.get(pool) ?? new Map<string, Question[]>();
  waiting.set(pool, bySchema);
  const questions = bySchema.get(schema) ?? [];
  bySchema.set(schema, questions);
  return questions;
}

/** Never rejects. */
async function answer(pool: Pool, schema: string, asked: readonly Question[]): Promise<void> {
  try {
    const found = await ask(pool, schema, asked);
    asked.forEach(({ limits, resolve }, i) => {
      const rows = found[i] ?? [];
      const last = rows.at(-1);
      const mayBeMore = rows.length === limits.rows || last?.newest !== last?.position;
      resolve({ rows: rows.map(toLogRow), mayBeMore });
    });
  } catch (error) {
    for (const { reject } of asked) reject(error);
  }
}

/** Each question's rows, in order. */
async function ask(pool: Pool, schema: string, asked: readonly Question[]): Promise<SeenRow[][]> {
  const values = [
    asked.map(({ lane }) => lane),
    asked.map(({ from }) => String(from)),
    asked.map(({ limits }) => limits.rows),
    asked.map(({ limits }) => limits.bytes),
  ];
  const { rows } = await atReadBatch(() =>
    pool.query<SeenRow>({ ...keptStatement('read-batch.sql', schema), values }),
  );
  const found = asked.map((): SeenRow[] => []);
  for (const row of rows) found[row.question - 1]?.push(row);
  return found;
}
