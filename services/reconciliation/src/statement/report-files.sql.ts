import { createHash, randomUUID } from 'node:crypto';
import { crossing, declareFailpoints, failpoint } from '@paylog/failpoints';
import type { Pool, PoolClient } from 'pg';

declareFailpoints(['reconciliation.report.before', 'reconciliation.report.after']);
const atReportPiece = crossing('reconciliation.report-piece');
const atReportRemains = crossing('reconciliation.report-remains');

const PIECE_BYTES = 1024 * 1024;

/**
 * Stores a report once, under the sha256 of its bytes, in pieces, so that no report is ever whole in memory. Bytes we
 * have already leave nothing. What a crash left behind is removed with a later report of the account.
 */
export async function storeReport(
  pool: Pool,
  account: string,
  bytes: AsyncIterable<Uint8Array>,
): Promise<string> {
  const file = randomUUID();
  const hash = createHash('sha256');
  let size = 0;
  let number = 0;
  await removeRemains(pool, account);
  for await (const piece of inPieces(bytes)) {
    hash.update(piece);
    size += piece.length;
    number += 1;
    await atReportPiece(() =>
      pool.query(
        `insert into books.report_pieces (file_id, number, account, bytes) values ($1, $2, $3, $4)`,
        [file, number, account, piece],
      ),
    );
  }
  const sha256 = hash.digest('hex');
  await failpoint('reconciliation.report.before');
  const { rowCount } = await pool.query(
    `insert into books.report_files (sha256, file_id, account, bytes) values ($1, $2, $3, $4)
     on conflict (sha256) do nothing`,
    [sha256, file, account, size],
  );
  await failpoint('reconciliation.report.after');
  if (rowCount === 0) {
    await pool.query(`delete from books.report_pieces where file_id = $1`, [file]);
  }
  return sha256;
}

/** The bytes of a stored report, piece by piece. Throws at the end when they are not those that were stored. */
export async function* readReport(
  client: Pool | PoolClient,
  sha256: string,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for (let number = 1; ; number++) {
    const { rows } = await client.query<{ bytes: Buffer }>(
      `select p.bytes from books.report_files f join books.report_pieces p using (file_id)
       where f.sha256 = $1 and p.number = $2`,
      [sha256, number],
    );
    if (!rows[0]) break;
    hash.update(rows[0].bytes);
    yield rows[0].bytes;
  }
  const found = hash.digest('hex');
  if (found !== sha256) {
    throw new Error(`the stored report ${sha256} reads as ${found}: restore it, or take it again`);
  }
}

/** No download takes an hour: what has no file by then never will. */
async function removeRemains(pool: Pool, account: string): Promise<void> {
  await atReportRemains(() =>
    pool.query(
      `delete from books.report_pieces p where p.account = $1 and p.taken_at < now() - interval '1 hour'
       and not exists (select from books.report_files f where f.file_id = p.file_id)`,
      [account],
    ),
  );
}

async function* inPieces(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    held.push(chunk);
    size += chunk.length;
    if (size < PIECE_BYTES) continue;
    yield Buffer.concat(held);
    held = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(held);
}
