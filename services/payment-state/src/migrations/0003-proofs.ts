import { readFileSync } from 'node:fs';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What vouches for a payment's history, for evidence packs. Locks nothing that exists: the table is new, and `project` is
 * exchanged in an instant. Undo: none.
 */
export class Proofs1700000000020 implements MigrationInterface {
  name = 'Proofs1700000000020';

  async up(runner: QueryRunner): Promise<void> {
    for (const file of ['proofs.sql', 'project.sql']) {
      await runner.query(readFileSync(new URL(`../../sql/${file}`, import.meta.url), 'utf8'));
    }
  }

  async down(): Promise<void> {
    throw new Error('What vouches for payments is never dropped; restore a backup instead.');
  }
}
