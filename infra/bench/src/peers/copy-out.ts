import { to as copyTo } from 'pg-copy-streams';
import { countRows } from '../fresh-database.js';
import type { Refolder } from '../refolder.js';

/** The limit: the log's rows in their order out of the database, in the binary format, read and thrown away. */
export const copyOut: Refolder = {
  key: 'copy out alone',
  role: 'limit',
  async run(pool) {
    const client = await pool.connect();
    try {
      const text =
        'copy (select * from payments.rows order by lane, position) to stdout (format binary)';
      const copy = client.query(copyTo(text));
      for await (const _chunk of copy);
      return copy.rowCount;
    } finally {
      client.release();
    }
  },
  count: (pool) => countRows(pool, 'payments.rows'),
};
