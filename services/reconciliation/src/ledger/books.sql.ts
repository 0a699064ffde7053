import type { Pool } from 'pg';
import { type Book, NEW_BOOK } from './post.js';
import { fromStoredBook, type StoredBook } from './stored-book.js';

interface BookRow extends Omit<StoredBook, 'version' | 'book' | 'paymentId'> {
  readonly payment_id: string;
  readonly version: number | null;
  readonly book: StoredBook['book'] | null;
  readonly ledger_version: number;
}

/** The books of payments, each with the version its stream in the ledger is at, seen in one snapshot. */
export async function loadBooks(
  pool: Pool,
  paymentIds: readonly string[],
): Promise<Map<string, Book>> {
  const { rows } = await pool.query<BookRow>({
    name: 'books',
    text: `select wanted as payment_id, p.version, p.account, p.book,
             coalesce((select r.version from ledger.rows r where r.stream = wanted
                       order by r.version desc limit 1), 0) as ledger_version
           from unnest($1::text[]) as wanted
           left join books.payments p on p.payment_id = wanted`,
    values: [paymentIds],
  });
  return new Map(
    rows.map(({ payment_id, version, account, book, ledger_version }) => [
      payment_id,
      version === null || book === null
        ? { ...NEW_BOOK, ledgerVersion: ledger_version }
        : fromStoredBook({ version, account, book }, ledger_version),
    ]),
  );
}

/** Those of the keys under which the ledger holds something. */
export async function findStored(pool: Pool, keys: readonly string[]): Promise<string[]> {
  const { rows } = await pool.query<{ key: string }>(
    'select key from ledger.keys where key = any ($1)',
    [keys],
  );
  return rows.map(({ key }) => key);
}
