import { readFileSync } from 'node:fs';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const SQL = new URL('../../sql/found-payments.sql', import.meta.url);

/**
 * Payments found at gateways. Locks nothing: the table is new, and granted by the default privileges of the first
 * migration. Undo: none, facts were published under their ids.
 */
export class FoundPayments1700000000030 implements MigrationInterface {
  name = 'FoundPayments1700000000030';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(readFileSync(SQL, 'utf8'));
  }

  async down(): Promise<void> {
    throw new Error('Facts of these payments are published; restore a backup instead.');
  }
}
