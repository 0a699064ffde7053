import type { Pool } from 'pg';
import { rowDigest } from './digest.js';
import type { LogRow, RelayTarget } from './log.js';
import { readCursor } from './open-lane.js';
import { statement } from './log-sql.js';
import type { LogProblem, ProblemCode } from './verify.js';

const BATCH_ROWS = 500;

/**
 * Compares a lane with its topic, row by row. Reads the log as it is now, not as of one moment: the
 * topic only ever holds rows that were committed before.
 */
export async function verifyTopic(
  pool: Pool,
  schema: string,
  lane: number,
  topic: RelayTarget,
): Promise<LogProblem | undefined> {
  const published = (await readCursor(pool, schema, lane)).position;
  let next = 0n;
  let batch: LogRow[] = [];
  const found = (position: bigint, code: ProblemCode, problem: string): LogProblem => ({
    ok: false,
    lane,
    position,
    code,
    problem,
  });
  for await (const row of topic.read(lane, 0n)) {
    if (row.position < next) {
      // Published twice, which a relay may do; it must still be the same row.
    } else if (row.position === next) {
      next += 1n;
    } else {
      return found(next, 'topic_lacks', `the topic goes on with ${row.position}`);
    }
    batch.push(row);
    if (batch.length < BATCH_ROWS) continue;
    const problem = await compare(pool, schema, lane, batch);
    if (problem) return problem;
    batch = [];
  }
  const problem = await compare(pool, schema, lane, batch);
  if (problem) return problem;
  if (next < published) {
    return found(next, 'topic_lacks', `the topic ends here; the relay says it holds ${published}`);
  }
  return undefined;
}

async function compare(
  pool: Pool,
  schema: string,
  lane: number,
  batch: readonly LogRow[],
): Promise<LogProblem | undefined> {
  if (batch.length === 0) return undefined;
  const { rows } = await pool.query<{ next: string; position: string | null; digest: Buffer }>(
    statement('stored-digests.sql', schema),
    [lane, batch.map(({ position }) => position)],
  );
  const digests = new Map(rows.map(({ position, digest }) => [position, digest]));
  const end = BigInt(rows[0]?.next ?? 0);
  for (const row of batch) {
    const { position } = row;
    const stored = digests.get(String(position));
    const problem = (code: ProblemCode, what: string): LogProblem => ({
      ok: false,
      lane,
      position,
      code,
      problem: what,
    });
    if (!rowDigest(row).equals(row.digest)) {
      return problem('topic_differs', "the topic's message does not give its own digest");
    }
    if (stored?.equals(row.digest)) continue;
    if (stored) return problem('row_edited', 'the topic holds another row at this position');
    return position >= end
      ? problem('tail_cut', `the log ends at ${end}, its topic goes on`)
      : problem('row_missing', 'the topic holds this row, the log does not');
  }
  return undefined;
}
