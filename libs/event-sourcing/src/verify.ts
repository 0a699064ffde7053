import type { Pool, PoolClient } from 'pg';
import { copyRows } from './binary-copy.js';
import { atOneMoment, readHeads } from './cut.js';
import { blockHash, GENESIS, rowDigest } from './digest.js';
import type { LaneHead, RelayTarget } from './log.js';
import { statement } from './log-sql.js';
import { verifyTopic } from './verify-topic.js';

export type ProblemCode =
  | 'row_edited'
  | 'row_missing'
  | 'row_inserted'
  | 'block_edited'
  | 'block_missing'
  | 'head_edited'
  | 'key_missing'
  | 'key_inserted'
  | 'tail_cut'
  | 'topic_differs'
  | 'topic_lacks';

/** The first row that is not what was appended. */
export interface LogProblem {
  ok: false;
  lane: number;
  position: bigint;
  code: ProblemCode;
  problem: string;
}

export type Verification = { ok: true; rows: bigint } | LogProblem;

interface Block {
  first: bigint;
  count: bigint;
  hash: Buffer;
  previousHash: Buffer;
}

const BLOCKS_PER_PAGE = 1000;

/**
 * Recomputes every digest and every block's hash, and names the first row that does not fit. The
 * chain alone can't show a tail that was cut off with its heads, nor a history that was rewritten
 * from some row to the end: give the log's topic, which is the anchor, to find these too.
 */
export async function verify(
  pool: Pool,
  schema: string,
  { topic }: { topic?: RelayTarget } = {},
): Promise<Verification> {
  return atOneMoment(pool, async (client) => {
    const heads = await readHeads(client, schema);
    const strayed = await findStrayRow(client, schema);
    let rows = 0n;
    for (const head of heads) {
      const anchored = topic ? await verifyTopic(pool, schema, head.lane, topic) : undefined;
      const chained = await verifyLane(client, schema, head);
      const problem = firstOf(chained.problem, anchored);
      if (problem) return problem;
      rows += chained.end;
    }
    return strayed ?? (await findKeyProblem(client, schema)) ?? { ok: true, rows };
  });
}

interface LaneVerdict {
  end: bigint;
  problem?: LogProblem & { until?: bigint };
}

/** A block is wrong as a whole; where the topic names a row within it, that is the answer. */
function firstOf(
  chained: LaneVerdict['problem'],
  anchored: LogProblem | undefined,
): LogProblem | undefined {
  if (!chained || !anchored) return chained ?? anchored;
  return anchored.position < (chained.until ?? chained.position) ? anchored : chained;
}

async function verifyLane(
  client: PoolClient,
  schema: string,
  head: LaneHead,
): Promise<LaneVerdict> {
  const { lane } = head;
  const found = (
    position: bigint,
    code: ProblemCode,
    problem: string,
    until?: bigint,
  ): LaneVerdict => ({
    end: position,
    problem: { ok: false, lane, position, code, problem, ...(until !== undefined && { until }) },
  });
  let expected = 0n;
  let hash: Buffer = GENESIS;
  for await (const { block, digests, misfit } of readBlocks(client, schema, lane)) {
    if (block.first !== expected) {
      return found(
        expected,
        'block_missing',
        `no block begins here; the next one at ${block.first}`,
      );
    }
    if (!block.previousHash.equals(hash)) {
      return found(expected, 'block_edited', 'this block does not follow from the one before it');
    }
    if (misfit) return found(misfit.position, misfit.code, misfit.problem);
    const until = block.first + block.count;
    if (!blockHash(hash, block.first, digests).equals(block.hash)) {
      const problem = `the rows ${block.first} to ${until - 1n} do not give their block's hash`;
      return found(block.first, 'block_edited', problem, until);
    }
    hash = block.hash;
    expected = until;
  }
  if (head.next > expected) {
    return found(expected, 'tail_cut', `the lane's head says ${head.next}, its blocks end here`);
  }
  if (head.next < expected || !head.hash.equals(hash)) {
    return found(expected, 'head_edited', `the lane's head (${head.next}) is not its last block`);
  }
  return { end: expected };
}

interface Misfit {
  position: bigint;
  code: ProblemCode;
  problem: string;
}

async function* readBlocks(
  client: PoolClient,
  schema: string,
  lane: number,
): AsyncGenerator<{ block: Block; digests: Buffer[]; misfit?: Misfit }> {
  let from = -1n;
  for (;;) {
    const blocks = await readBlockPage(client, schema, lane, from);
    const last = blocks.at(-1);
    if (!last || !blocks[0]) return;
    const end = last.first + last.count;
    const rows = new RowReader(client, schema, lane, blocks[0].first, end);
    for (const block of blocks) yield await rows.readBlock(block);
    await rows.drain();
    from = last.first;
  }
}

async function readBlockPage(
  client: PoolClient,
  schema: string,
  lane: number,
  after: bigint,
): Promise<Block[]> {
  const { rows } = await client.query<{
    first: string;
    count: number;
    hash: Buffer;
    previous_hash: Buffer;
  }>(statement('read-blocks.sql', schema), [lane, after, BLOCKS_PER_PAGE]);
  return rows.map((row) => ({
    first: BigInt(row.first),
    count: BigInt(row.count),
    hash: row.hash,
    previousHash: row.previous_hash,
  }));
}

/** The rows of a page of blocks, one after the other, each compared with its own digest. */
class RowReader {
  readonly #rows: AsyncGenerator<{ position: bigint; digest: Buffer; fits: boolean }>;
  #next: { position: bigint; digest: Buffer; fits: boolean } | undefined;
  #started = false;

  constructor(client: PoolClient, schema: string, lane: number, from: bigint, to: bigint) {
    const condition = `lane = ${lane} and position >= ${from} and position < ${to}`;
    this.#rows = (async function* () {
      for await (const rows of copyRows(client, schema, condition)) {
        for (const row of rows) {
          yield {
            position: row.position,
            digest: row.digest,
            fits: rowDigest(row).equals(row.digest),
          };
        }
      }
    })();
  }

  async readBlock(block: Block): Promise<{ block: Block; digests: Buffer[]; misfit?: Misfit }> {
    if (!this.#started) await this.#advance();
    this.#started = true;
    const digests: Buffer[] = [];
    let misfit: Misfit | undefined;
    for (let position = block.first; position < block.first + block.count; position += 1n) {
      const row = this.#next;
      if (row?.position !== position) {
        misfit ??= { position, code: 'row_missing', problem: 'this row was deleted' };
        continue;
      }
      if (!row.fits) {
        const problem = "this row's columns do not give its digest: one of them was edited";
        misfit ??= { position, code: 'row_edited', problem };
      }
      digests.push(row.digest);
      await this.#advance();
    }
    return misfit ? { block, digests, misfit } : { block, digests };
  }

  /** COPY must be read to its end before its connection can be asked anything else. */
  async drain(): Promise<void> {
    while (this.#next || !this.#started) {
      this.#started = true;
      await this.#advance();
    }
  }

  async #advance(): Promise<void> {
    const { value, done } = await this.#rows.next();
    this.#next = done ? undefined : value;
  }
}

async function findStrayRow(client: PoolClient, schema: string): Promise<LogProblem | undefined> {
  const row = await firstRow(client, statement('stray-row.sql', schema));
  return row && { ok: false, ...row, code: 'row_inserted', problem: 'no append wrote this row' };
}

async function findKeyProblem(client: PoolClient, schema: string): Promise<LogProblem | undefined> {
  const unclaimed = await firstRow(client, statement('row-without-key.sql', schema));
  if (unclaimed) {
    const problem = "this row's key is not claimed: its append could be repeated";
    return { ok: false, ...unclaimed, code: 'key_missing', problem };
  }
  const stray = await firstRow(client, statement('key-without-row.sql', schema));
  if (stray) {
    const problem = 'a key is claimed for a row that is not its own: an append would be swallowed';
    return { ok: false, ...stray, code: 'key_inserted', problem };
  }
  return undefined;
}

async function firstRow(
  client: PoolClient,
  sql: string,
): Promise<{ lane: number; position: bigint } | undefined> {
  const { rows } = await client.query<{ lane: number; position: string }>(sql);
  return rows[0] && { lane: rows[0].lane, position: BigInt(rows[0].position) };
}
