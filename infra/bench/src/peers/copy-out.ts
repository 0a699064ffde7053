import { to as copyTo } from 'pg-copy-streams';
import { countRows } from '../fresh-database.js';
import type { Refolder } from '../refolder.js';

/**
 * The limits: the log's rows in their order out of the database, read and thrown away. In COPY's own format, as lines of
 * text with the data in hex; and in the binary one that the rebuild reads.
 */
export const COPIES: readonly Refolder[] = [
  copyOut('copy out alone', ''),
  copyOut('binary copy out alone', '(format binary)'),
];

function copyOut(key: string, format: string): Refolder {
  return {
    key,
    role: 'limit',
    async run(pool) {
      const client = await pool.connect();
      try {
        const select = 'select * from payments.rows order by lane, position';
        const copy = client.query(copyTo(`copy (${select}) to stdout ${format}`));
        for await (const _chunk of copy);
        return copy.rowCount;
      } finally {
        client.release();
      }
    },
    count: (pool) => countRows(pool, 'payments.rows'),
  };
}
