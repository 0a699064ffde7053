import { readFileSync } from 'node:fs';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const read = (file: string) => readFileSync(new URL(`../../sql/${file}`, import.meta.url), 'utf8');

/**
 * Exceptions about payments found at a gateway. Locks `books.exceptions` and `books.payments` for a moment: no row is
 * rewritten, no row has what the index is about. Replaces `ledger.project`. Undo: none needed, the old code leaves both be.
 */
export class FoundPayments1700000000030 implements MigrationInterface {
  name = 'FoundPayments1700000000030';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(read('found-payments.sql'));
    await runner.query(read('ledger.sql'));
  }

  async down(): Promise<void> {
    // Nothing to undo: see above.
  }
}
